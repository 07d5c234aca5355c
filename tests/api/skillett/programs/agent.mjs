const API_KEY = "sk_a1b2c3d4e5f6...";
const BASE = "https://api.skillett.dev";

const headers = { Authorization: `Bearer ${API_KEY}` };

// Discover integrations
const skills = await fetch(`${BASE}/v1/skills`, { headers });
const { integrations } = await skills.json();

// Execute a skill
const result = await fetch(`${BASE}/v1/github/create_issue`, {
  method: "POST",
  headers: { ...headers, "Content-Type": "application/json" },
  body: JSON.stringify({
    params: { repo: "acme/webapp", title: "Bug report" },
  }),
});
const { data } = await result.json();
console.log(data.html_url);
