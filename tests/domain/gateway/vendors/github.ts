import { Octokit } from "@octokit/rest";
import { base, record } from "./record.ts";

const github = new Octokit({ auth: "secret", baseUrl: base });

await record({
  list_issues: () => github.rest.issues.listForRepo({ owner: "acme", repo: "webapp", state: "open", labels: "bug" }),
  list_my_issues: () => github.rest.issues.list({ filter: "assigned", state: "open" }),
  get_issue: () => github.rest.issues.get({ owner: "acme", repo: "webapp", issue_number: 42 }),
  create_issue: () => github.rest.issues.create({ owner: "acme", repo: "webapp", title: "Bug report" }),
  update_issue: () =>
    github.rest.issues.update({
      owner: "acme",
      repo: "webapp",
      issue_number: 42,
      state: "closed",
      state_reason: "completed",
    }),
  list_issue_comments: () =>
    github.rest.issues.listComments({ owner: "acme", repo: "webapp", issue_number: 42, per_page: 100 }),
  create_issue_comment: () =>
    github.rest.issues.createComment({ owner: "acme", repo: "webapp", issue_number: 42, body: "Fixed in 2.2." }),
  add_labels: () => github.rest.issues.addLabels({ owner: "acme", repo: "webapp", issue_number: 42, labels: ["bug"] }),
  remove_label: () => github.rest.issues.removeLabel({ owner: "acme", repo: "webapp", issue_number: 42, name: "bug" }),
  add_assignees: () =>
    github.rest.issues.addAssignees({ owner: "acme", repo: "webapp", issue_number: 42, assignees: ["ada"] }),
  list_labels: () => github.rest.issues.listLabelsForRepo({ owner: "acme", repo: "webapp", per_page: 100 }),
  list_pull_requests: () => github.rest.pulls.list({ owner: "acme", repo: "webapp", state: "open", base: "main" }),
  get_pull_request: () => github.rest.pulls.get({ owner: "acme", repo: "webapp", pull_number: 7 }),
  create_pull_request: () =>
    github.rest.pulls.create({
      owner: "acme",
      repo: "webapp",
      title: "Find what is there",
      head: "fix-search",
      base: "main",
    }),
  update_pull_request: () =>
    github.rest.pulls.update({ owner: "acme", repo: "webapp", pull_number: 7, state: "closed" }),
  list_pull_request_files: () =>
    github.rest.pulls.listFiles({ owner: "acme", repo: "webapp", pull_number: 7, per_page: 100 }),
  merge_pull_request: () =>
    github.rest.pulls.merge({ owner: "acme", repo: "webapp", pull_number: 7, merge_method: "squash" }),
  list_reviews: () => github.rest.pulls.listReviews({ owner: "acme", repo: "webapp", pull_number: 7 }),
  create_review: () =>
    github.rest.pulls.createReview({ owner: "acme", repo: "webapp", pull_number: 7, event: "APPROVE" }),
  list_review_comments: () =>
    github.rest.pulls.listReviewComments({ owner: "acme", repo: "webapp", pull_number: 7, per_page: 100 }),
  create_review_comment: () =>
    github.rest.pulls.createReviewComment({
      owner: "acme",
      repo: "webapp",
      pull_number: 7,
      body: "Why?",
      commit_id: "6dcb09b5b57875f334f61aebed695e2e4193db5e",
      path: "src/search.py",
      line: 12,
    }),
  reply_to_review_comment: () =>
    github.rest.pulls.createReplyForReviewComment({
      owner: "acme",
      repo: "webapp",
      pull_number: 7,
      comment_id: 2001,
      body: "Done.",
    }),
  request_reviewers: () =>
    github.rest.pulls.requestReviewers({ owner: "acme", repo: "webapp", pull_number: 7, reviewers: ["ada"] }),
  get_repo: () => github.rest.repos.get({ owner: "acme", repo: "webapp" }),
  list_my_repos: () => github.rest.repos.listForAuthenticatedUser({ sort: "updated", per_page: 20 }),
  list_org_repos: () => github.rest.repos.listForOrg({ org: "acme", sort: "updated" }),
  create_repo: () =>
    github.rest.repos.createForAuthenticatedUser({ name: "experiment", private: true, auto_init: true }),
  update_repo: () => github.rest.repos.update({ owner: "acme", repo: "experiment", archived: true }),
  delete_repo: () => github.rest.repos.delete({ owner: "acme", repo: "experiment" }),
  fork_repo: () => github.rest.repos.createFork({ owner: "acme", repo: "webapp", default_branch_only: true }),
  get_content: () =>
    github.rest.repos.getContent({ owner: "acme", repo: "webapp", path: "src/search.py", ref: "main" }),
  list_root: () => github.rest.repos.getContent({ owner: "acme", repo: "webapp", path: "" }),
  get_readme: () => github.rest.repos.getReadme({ owner: "acme", repo: "webapp" }),
  write_file: () =>
    github.rest.repos.createOrUpdateFileContents({
      owner: "acme",
      repo: "webapp",
      path: "docs/hello.md",
      message: "Say hello",
      content: "SGVsbG8K",
      branch: "docs",
    }),
  delete_file: () =>
    github.rest.repos.deleteFile({
      owner: "acme",
      repo: "webapp",
      path: "docs/hello.md",
      message: "Leave without a word",
      sha: "95b966ae1c166bd92f8ae7d1c313e738c731dfc3",
    }),
  list_branches: () => github.rest.repos.listBranches({ owner: "acme", repo: "webapp", per_page: 100 }),
  create_branch: () =>
    github.rest.git.createRef({
      owner: "acme",
      repo: "webapp",
      ref: "refs/heads/fix-search",
      sha: "aa218f56b14c9653891f9e74264a383fa43fefbd",
    }),
  delete_branch: () => github.rest.git.deleteRef({ owner: "acme", repo: "webapp", ref: "heads/fix-search" }),
  list_commits: () =>
    github.rest.repos.listCommits({ owner: "acme", repo: "webapp", path: "src/search.py", per_page: 10 }),
  get_commit: () => github.rest.repos.getCommit({ owner: "acme", repo: "webapp", ref: "main" }),
  compare_commits: () =>
    github.rest.repos.compareCommitsWithBasehead({ owner: "acme", repo: "webapp", basehead: "main...fix-search" }),
  get_tree: () => github.rest.git.getTree({ owner: "acme", repo: "webapp", tree_sha: "main", recursive: "1" }),
  list_releases: () => github.rest.repos.listReleases({ owner: "acme", repo: "webapp", per_page: 5 }),
  create_release: () =>
    github.rest.repos.createRelease({
      owner: "acme",
      repo: "webapp",
      tag_name: "v2.2.0",
      name: "2.2.0",
      generate_release_notes: true,
    }),
  list_workflows: () => github.rest.actions.listRepoWorkflows({ owner: "acme", repo: "webapp" }),
  run_workflow: () =>
    github.rest.actions.createWorkflowDispatch({
      owner: "acme",
      repo: "webapp",
      workflow_id: "deploy.yml",
      ref: "main",
      inputs: { environment: "staging" },
    }),
  list_workflow_runs: () =>
    github.rest.actions.listWorkflowRunsForRepo({ owner: "acme", repo: "webapp", branch: "main", status: "failure" }),
  get_workflow_run: () => github.rest.actions.getWorkflowRun({ owner: "acme", repo: "webapp", run_id: 30433642 }),
  list_workflow_jobs: () =>
    github.rest.actions.listJobsForWorkflowRun({ owner: "acme", repo: "webapp", run_id: 30433642 }),
  rerun_workflow: () => github.rest.actions.reRunWorkflow({ owner: "acme", repo: "webapp", run_id: 30433642 }),
  cancel_workflow_run: () => github.rest.actions.cancelWorkflowRun({ owner: "acme", repo: "webapp", run_id: 30433642 }),
  search_issues: () => github.rest.search.issuesAndPullRequests({ q: "is:issue is:open repo:acme/webapp search" }),
  search_code: () => github.rest.search.code({ q: "find_all repo:acme/webapp" }),
  search_repos: () => github.rest.search.repos({ q: "agent language:python", sort: "stars" }),
  get_me: () => github.rest.users.getAuthenticated(),
  get_user: () => github.rest.users.getByUsername({ username: "ada" }),
  list_my_orgs: () => github.rest.orgs.listForAuthenticatedUser({ per_page: 100 }),
  list_notifications: () => github.rest.activity.listNotificationsForAuthenticatedUser(),
  get_gist: () => github.rest.gists.get({ gist_id: "aa5a315d61ae9438b18d" }),
  create_gist: () =>
    github.rest.gists.create({ description: "A note", files: { "note.md": { content: "# Note" } }, public: false }),
});
