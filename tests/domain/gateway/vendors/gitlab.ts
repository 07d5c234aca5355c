import { Gitlab } from "@gitbeaker/rest";
import { base, record } from "./record.ts";

const gitlab = new Gitlab({ host: base, token: "secret" });
const project = "acme/webapp";

await record({
  get_current_user: () => gitlab.Users.showCurrentUser(),
  list_users: () => gitlab.Users.all({ search: "ada" }),
  list_groups: () => gitlab.Groups.all({ owned: true, pagination: "offset" }),
  list_group_projects: () => gitlab.Groups.allProjects("acme/tools", { includeSubgroups: true }),
  list_project_members: () => gitlab.ProjectMembers.all(project, { includeInherited: true }),
  list_projects: () =>
    gitlab.Projects.all({ membership: true, orderBy: "last_activity_at", simple: true, pagination: "offset" }),
  get_project: () => gitlab.Projects.show(project),
  create_project: () => gitlab.Projects.create({ name: "webapp", visibility: "private", initializeWithReadme: true }),
  search_project: () => gitlab.Search.all("blobs", "parse_invoice", { projectId: project }),
  list_issues: () =>
    gitlab.Issues.all({ projectId: project, state: "opened", labels: "bug", assigneeUsername: ["ada", "grace"] }),
  get_issue: () => gitlab.Issues.show(7, { projectId: project }),
  create_issue: () =>
    gitlab.Issues.create(project, "Login fails", {
      description: "Since 2.1, signing in shows an empty page.",
      labels: "bug,urgent",
    }),
  update_issue: () => gitlab.Issues.edit(project, 7, { stateEvent: "close" }),
  list_issue_notes: () => gitlab.IssueNotes.all(project, 7, { sort: "asc" }),
  comment_on_issue: () => gitlab.IssueNotes.create(project, 7, "Fixed on main."),
  list_labels: () => gitlab.ProjectLabels.all(project),
  list_milestones: () => gitlab.ProjectMilestones.all(project, { state: "active" }),
  list_merge_requests: () => gitlab.MergeRequests.all({ projectId: project, state: "opened", targetBranch: "main" }),
  get_merge_request: () => gitlab.MergeRequests.show(project, 12),
  list_merge_request_diffs: () => gitlab.MergeRequests.allDiffs(project, 12),
  create_merge_request: () => gitlab.MergeRequests.create(project, "fix-login", "main", "Fix signing in"),
  update_merge_request: () => gitlab.MergeRequests.edit(project, 12, { title: "Fix signing in with passkeys" }),
  accept_merge_request: () => gitlab.MergeRequests.merge(project, 12, { squash: true }),
  approve_merge_request: () => gitlab.MergeRequestApprovals.approve(project, 12),
  list_merge_request_notes: () => gitlab.MergeRequestNotes.all(project, 12),
  comment_on_merge_request: () => gitlab.MergeRequestNotes.create(project, 12, "Looks good."),
  list_files: () => gitlab.Repositories.allRepositoryTrees(project, { path: "src", ref: "main" }),
  read_file: () => gitlab.RepositoryFiles.show(project, "src/app.py", "main"),
  create_file: () => gitlab.RepositoryFiles.create(project, "docs/notes.md", "main", "# Notes\n", "Add notes"),
  update_file: () => gitlab.RepositoryFiles.edit(project, "docs/notes.md", "main", "# Notes\n\nMore.\n", "Say more"),
  delete_file: () => gitlab.RepositoryFiles.remove(project, "docs/notes.md", "main", "Remove the notes"),
  create_commit: () =>
    gitlab.Commits.create(project, "main", "Rename the notes", [
      { action: "move", previousPath: "notes.md", filePath: "docs/notes.md" },
      { action: "update", filePath: "README.md", content: "See docs/notes.md.\n" },
    ]),
  list_commits: () => gitlab.Commits.all(project, { refName: "main", since: "2026-11-01T00:00:00Z" }),
  get_commit: () => gitlab.Commits.show(project, "main"),
  get_commit_diff: () => gitlab.Commits.showDiff(project, "6104942438c14ec7bd21c6cd5bd995272b3faff6"),
  compare_refs: () => gitlab.Repositories.compare(project, "main", "fix-login"),
  list_branches: () => gitlab.Branches.all(project, { search: "^fix-" }),
  create_branch: () => gitlab.Branches.create(project, "fix-login", "main"),
  delete_branch: () => gitlab.Branches.remove(project, "fix/login"),
  create_tag: () => gitlab.Tags.create(project, "v2.1.0", "main"),
  list_pipelines: () => gitlab.Pipelines.all(project, { ref: "main", status: "failed" }),
  get_pipeline: () => gitlab.Pipelines.show(project, 46),
  run_pipeline: () => gitlab.Pipelines.create(project, "main", { variables: [{ key: "DEPLOY", value: "staging" }] }),
  retry_pipeline: () => gitlab.Pipelines.retry(project, 46),
  cancel_pipeline: () => gitlab.Pipelines.cancel(project, 46),
  list_pipeline_jobs: () => gitlab.Jobs.all(project, { pipelineId: 46, scope: "failed" }),
  get_job_log: () => gitlab.Jobs.showLog(project, 8),
  retry_job: () => gitlab.Jobs.retry(project, 8),
  list_releases: () => gitlab.ProjectReleases.all(project),
  create_release: () =>
    gitlab.ProjectReleases.create(project, {
      tag_name: "v2.1.0",
      ref: "main",
      name: "2.1",
      description: "Signing in with passkeys",
    }),
});
