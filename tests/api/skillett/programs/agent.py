import httpx

SKILLETT_API_KEY = "sk_a1b2c3d4e5f6..."
BASE_URL = "https://api.skillett.dev"

headers = {"Authorization": f"Bearer {SKILLETT_API_KEY}"}

# Discover integrations
response = httpx.get(f"{BASE_URL}/v1/skills", headers=headers)
integrations = response.json()["integrations"]

# Execute a skill
response = httpx.post(
    f"{BASE_URL}/v1/github/create_issue",
    headers=headers,
    json={"params": {"repo": "acme/webapp", "title": "Bug report"}},
)
result = response.json()
print(result["data"]["html_url"])
