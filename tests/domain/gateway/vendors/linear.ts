import { IssueRelationType, LinearClient, ProjectUpdateHealthType } from "@linear/sdk";
import { base, record } from "./record.ts";

const linear = new LinearClient({ apiKey: "secret", apiUrl: `${base}/graphql` });
const team = "9cfb482a-81e3-4154-b5b9-2c805e70a02d";
const project = "8a1b0c2d-3e4f-4a5b-8c7d-9e0f1a2b3c4d";
const label = "1b2c3d4e-0000-4a5b-8c9d-112233445566";
const comment = "0f3b3c1d-8f55-4b52-9a11-6fd1fb0ce2aa";
const document = "2f3a4b5c-6d7e-4f80-9a1b-2c3d4e5f6071";

await record({
  list_issues: () =>
    linear.issues({ filter: { assignee: { isMe: { eq: true } }, state: { type: { eq: "started" } } } }),
  search_issues: () => linear.searchIssues("login fails", { includeComments: true }),
  get_issue: () => linear.issue("ENG-123"),
  create_issue: () =>
    linear.createIssue({ teamId: team, title: "Login fails", description: "An empty page since 2.1.", priority: 2 }),
  update_issue: () =>
    linear.updateIssue("ENG-123", {
      stateId: "3d1b6f2b-6b0e-4a8a-9d52-8c4a4f3c2d11",
      assigneeId: "7f7a9f40-0c2c-4e0f-8f1d-2a0f6f9f5f10",
    }),
  archive_issue: () => linear.archiveIssue("ENG-123"),
  unarchive_issue: () => linear.unarchiveIssue("ENG-123"),
  delete_issue: () => linear.deleteIssue("ENG-123"),
  list_comments: () => linear.comments({ filter: { issue: { id: { eq: "5e9d1b1e-2f0a-4a0f-8a55-3b1a5a6d4c77" } } } }),
  create_comment: () => linear.createComment({ issueId: "ENG-123", body: "Fixed on main." }),
  update_comment: () => linear.updateComment(comment, { body: "Fixed in 2.1." }),
  delete_comment: () => linear.deleteComment(comment),
  link_url: () => linear.attachmentLinkURL("ENG-123", "https://ci.example.com/run/8", { title: "Failed run" }),
  relate_issues: () =>
    linear.createIssueRelation({ issueId: "ENG-123", relatedIssueId: "ENG-124", type: IssueRelationType.Blocks }),
  list_labels: () => linear.issueLabels({ filter: { team: { key: { eq: "ENG" } } } }),
  create_label: () => linear.createIssueLabel({ name: "Regression", color: "#eb5757" }),
  add_label: () => linear.issueAddLabel("ENG-123", label),
  remove_label: () => linear.issueRemoveLabel("ENG-123", label),
  list_projects: () => linear.projects({ filter: { status: { type: { eq: "started" } } } }),
  get_project: () => linear.project(project),
  create_project: () => linear.createProject({ name: "Passkeys", teamIds: [team], targetDate: "2027-01-31" }),
  update_project: () => linear.updateProject(project, { targetDate: "2027-02-28" }),
  create_project_update: () =>
    linear.createProjectUpdate({
      projectId: project,
      body: "Signing in works on iOS.",
      health: ProjectUpdateHealthType.OnTrack,
    }),
  get_viewer: () => linear.viewer,
  list_users: () => linear.users({ filter: { name: { containsIgnoreCase: "ada" } } }),
  list_teams: () => linear.teams(),
  list_states: () => linear.workflowStates({ filter: { team: { key: { eq: "ENG" } } } }),
  list_cycles: () => linear.cycles({ filter: { team: { key: { eq: "ENG" } }, isActive: { eq: true } } }),
  list_documents: () => linear.documents({ filter: { title: { containsIgnoreCase: "passkeys" } } }),
  get_document: () => linear.document(document),
  create_document: () => linear.createDocument({ title: "Plan", projectId: project, content: "# Plan" }),
  update_document: () => linear.updateDocument(document, { content: "# Plan of 2027" }),
});
