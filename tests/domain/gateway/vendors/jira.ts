import { AgileClient, Version3Client } from "jira.js";
import { base, record } from "./record.ts";

const config = { host: base, authentication: { basic: { email: "ada@example.com", apiToken: "secret" } } };
const jira = new Version3Client(config);
const agile = new AgileClient(config);
const issue = { issueIdOrKey: "WEB-123" };
const web = { projectIdOrKey: "WEB" };
const accountId = "5b10ac8d82e05b22cc7d4ef5";

await record({
  search_issues: () =>
    jira.issueSearch.searchForIssuesUsingJqlEnhancedSearchPost({
      jql: "assignee = currentUser() AND statusCategory != Done ORDER BY priority",
      fields: ["summary", "status", "priority"],
      maxResults: 20,
    }),
  count_issues: () =>
    jira.issueSearch.countIssues({ jql: "project = WEB AND issuetype = Bug AND statusCategory != Done" }),
  get_issue: () => jira.issues.getIssue({ ...issue, fields: ["summary", "status", "description"] }),
  create_issue: () =>
    jira.issues.createIssue({
      fields: {
        project: { key: "WEB" },
        issuetype: { name: "Bug" },
        summary: "Login fails",
        description: {
          type: "doc",
          version: 1,
          content: [
            { type: "paragraph", content: [{ type: "text", text: "Since 2.1:" }] },
            {
              type: "bulletList",
              content: [
                {
                  type: "listItem",
                  content: [
                    {
                      type: "paragraph",
                      content: [
                        { type: "text", text: "open " },
                        { type: "text", text: "/login", marks: [{ type: "strong" }] },
                      ],
                    },
                  ],
                },
                {
                  type: "listItem",
                  content: [{ type: "paragraph", content: [{ type: "text", text: "the page is empty" }] }],
                },
              ],
            },
          ],
        },
        labels: ["regression"],
      },
    }),
  update_issue: () =>
    jira.issues.editIssue({ ...issue, fields: { summary: "Login fails on iOS", labels: ["regression", "ios"] } }),
  delete_issue: () => jira.issues.deleteIssue(issue),
  assign_issue: () => jira.issues.assignIssue({ ...issue, accountId }),
  list_transitions: () => jira.issues.getTransitions(issue),
  transition_issue: () =>
    jira.issues.doTransition({
      ...issue,
      transition: { id: "31" },
      update: {
        comment: [
          {
            add: {
              body: {
                type: "doc",
                version: 1,
                content: [{ type: "paragraph", content: [{ type: "text", text: "Fixed in 2.1." }] }],
              },
            },
          },
        ],
      },
    }),
  list_changes: () => jira.issues.getChangeLogs(issue),
  list_comments: () => jira.issueComments.getComments({ ...issue, orderBy: "-created" }),
  add_comment: () =>
    jira.issueComments.addComment({
      ...issue,
      comment: {
        type: "doc",
        version: 1,
        content: [
          {
            type: "paragraph",
            content: [
              { type: "text", text: "Fixed on " },
              { type: "text", text: "main", marks: [{ type: "code" }] },
              { type: "text", text: "." },
            ],
          },
        ],
      },
    }),
  update_comment: () => jira.issueComments.updateComment({ ...issue, id: "10000", body: "Fixed in 2.1." }),
  delete_comment: () => jira.issueComments.deleteComment({ ...issue, id: "10000" }),
  list_worklogs: () => jira.issueWorklogs.getIssueWorklog(issue),
  add_worklog: () => jira.issueWorklogs.addWorklog({ ...issue, timeSpent: "1h 30m", comment: "Found the cause" }),
  link_issues: () =>
    jira.issueLinks.linkIssues({
      type: { name: "Blocks" },
      inwardIssue: { key: "WEB-1" },
      outwardIssue: { key: "WEB-2" },
    }),
  delete_link: () => jira.issueLinks.deleteIssueLink({ linkId: "10001" }),
  list_link_types: () => jira.issueLinkTypes.getIssueLinkTypes(),
  list_watchers: () => jira.issueWatchers.getIssueWatchers(issue),
  remove_watcher: () => jira.issueWatchers.removeWatcher({ ...issue, accountId }),
  add_watcher: () => jira.issueWatchers.addWatcher({ ...issue, accountId }),
  list_projects: () => jira.projects.searchProjects({ query: "web" }),
  get_project: () => jira.projects.getProject({ ...web }),
  list_issue_types: () => jira.issues.getCreateIssueMetaIssueTypes({ ...web }),
  list_issue_fields: () => jira.issues.getCreateIssueMetaIssueTypeId({ ...web, issueTypeId: "10004" }),
  list_project_statuses: () => jira.projects.getAllStatuses({ ...web }),
  list_versions: () => jira.projectVersions.getProjectVersionsPaginated({ ...web, status: "unreleased" }),
  create_version: () =>
    jira.projectVersions.createVersion({ projectId: 10000, name: "2.1", releaseDate: "2026-12-01" }),
  update_version: () => jira.projectVersions.updateVersion({ id: "10001", released: true, releaseDate: "2026-12-01" }),
  list_components: () => jira.projectComponents.getProjectComponentsPaginated({ ...web }),
  get_myself: () => jira.myself.getCurrentUser(),
  get_user: () => jira.users.getUser({ accountId }),
  find_users: () => jira.userSearch.findUsers({ query: "ada" }),
  find_assignable_users: () => jira.userSearch.findAssignableUsers({ issueKey: "WEB-123", query: "ada" }),
  list_boards: () => agile.board.getAllBoards({ projectKeyOrId: "WEB" }),
  list_board_issues: () =>
    agile.board.getIssuesForBoard({ boardId: 84, jql: "statusCategory != Done", fields: ["summary", "status"] }),
  list_sprints: () => agile.board.getAllSprints({ boardId: 84, state: "active,future" }),
  list_sprint_issues: () =>
    agile.sprint.getIssuesForSprint({ sprintId: 37, fields: ["summary", "status", "assignee"] }),
  create_sprint: () => agile.sprint.createSprint({ originBoardId: 84, name: "Sprint 12", goal: "Passkeys everywhere" }),
  update_sprint: () => agile.sprint.partiallyUpdateSprint({ sprintId: 37, state: "closed" }),
  move_to_sprint: () => agile.sprint.moveIssuesToSprintAndRank({ sprintId: 37, issues: ["WEB-1", "WEB-2"] }),
  move_to_backlog: () => agile.backlog.moveIssuesToBacklog({ issues: ["WEB-1"] }),
  list_fields: () => jira.issueFields.getFields(),
  list_priorities: () => jira.issuePriorities.searchPriorities(),
  list_labels: () => jira.labels.getAllLabels(),
  list_filters: () => jira.filters.getFiltersPaginated({ filterName: "release", expand: "jql" }),
});
