import { Client } from "@notionhq/client";
import { base, record } from "./record.ts";

const notion = new Client({ auth: "secret", baseUrl: base, retry: false });

await record({
  search: () => notion.search({ query: "Roadmap", filter: { property: "object", value: "page" } }),
  get_page: () =>
    notion.pages.retrieve({ page_id: "59833787-2cf9-4fdf-8782-e53db20768a5", filter_properties: ["title", "aBcD"] }),
  get_page_markdown: () => notion.pages.retrieveMarkdown({ page_id: "59833787-2cf9-4fdf-8782-e53db20768a5" }),
  get_page_property: () =>
    notion.pages.properties.retrieve({ page_id: "59833787-2cf9-4fdf-8782-e53db20768a5", property_id: "aBcD" }),
  create_page: () =>
    notion.pages.create({
      parent: { data_source_id: "248104cd-477e-80fd-b757-000b12ab4e5e" },
      properties: { Name: { title: [{ text: { content: "Fix signing in" } }] }, Status: { status: { name: "Open" } } },
    }),
  update_page: () =>
    notion.pages.update({
      page_id: "59833787-2cf9-4fdf-8782-e53db20768a5",
      properties: { Status: { status: { name: "Done" } } },
    }),
  trash_page: () => notion.pages.update({ page_id: "59833787-2cf9-4fdf-8782-e53db20768a5", in_trash: true }),
  restore_page: () => notion.pages.update({ page_id: "59833787-2cf9-4fdf-8782-e53db20768a5", in_trash: false }),
  move_page: () =>
    notion.pages.move({
      page_id: "59833787-2cf9-4fdf-8782-e53db20768a5",
      parent: { page_id: "7b1b3b0c-14cb-45a6-a4b6-d2b48faecccb" },
    }),
  append_markdown: () =>
    notion.pages.updateMarkdown({
      page_id: "59833787-2cf9-4fdf-8782-e53db20768a5",
      insert_content: { content: "## Risks\n\nNone known." },
      type: "insert_content",
    }),
  edit_markdown: () =>
    notion.pages.updateMarkdown({
      page_id: "59833787-2cf9-4fdf-8782-e53db20768a5",
      update_content: { content_updates: [{ old_str: "Ship on Friday", new_str: "Ship on Monday" }] },
      type: "update_content",
    }),
  replace_markdown: () =>
    notion.pages.updateMarkdown({
      page_id: "59833787-2cf9-4fdf-8782-e53db20768a5",
      replace_content: { new_str: "# Plan\n\nShip on Monday." },
      type: "replace_content",
    }),
  get_block: () => notion.blocks.retrieve({ block_id: "c02fc1d3-db8b-45c5-a222-27595b15aea7" }),
  list_block_children: () => notion.blocks.children.list({ block_id: "59833787-2cf9-4fdf-8782-e53db20768a5" }),
  append_blocks: () =>
    notion.blocks.children.append({
      block_id: "59833787-2cf9-4fdf-8782-e53db20768a5",
      children: [{ type: "to_do", to_do: { rich_text: [{ text: { content: "Tell support" } }] } }],
    }),
  update_block: () =>
    notion.blocks.update({ block_id: "c02fc1d3-db8b-45c5-a222-27595b15aea7", to_do: { checked: true } }),
  delete_block: () => notion.blocks.delete({ block_id: "c02fc1d3-db8b-45c5-a222-27595b15aea7" }),
  get_database: () => notion.databases.retrieve({ database_id: "248104cd-477e-80af-bc30-000bd28de8f9" }),
  create_database: () =>
    notion.databases.create({
      parent: { type: "page_id", page_id: "59833787-2cf9-4fdf-8782-e53db20768a5" },
      title: [{ text: { content: "Tasks" } }],
      initial_data_source: { properties: { Name: { title: {} }, Due: { date: {} }, Done: { checkbox: {} } } },
    }),
  update_database: () =>
    notion.databases.update({
      database_id: "248104cd-477e-80af-bc30-000bd28de8f9",
      title: [{ text: { content: "Tasks of 2027" } }],
    }),
  get_data_source: () => notion.dataSources.retrieve({ data_source_id: "248104cd-477e-80fd-b757-000b12ab4e5e" }),
  query_data_source: () =>
    notion.dataSources.query({
      data_source_id: "248104cd-477e-80fd-b757-000b12ab4e5e",
      filter: { property: "Done", checkbox: { equals: false } },
      sorts: [{ property: "Due", direction: "ascending" }],
    }),
  create_data_source: () =>
    notion.dataSources.create({
      parent: { type: "database_id", database_id: "248104cd-477e-80af-bc30-000bd28de8f9" },
      properties: { Name: { title: {} } },
      title: [{ text: { content: "Archive" } }],
    }),
  update_data_source: () =>
    notion.dataSources.update({
      data_source_id: "248104cd-477e-80fd-b757-000b12ab4e5e",
      properties: { Owner: { people: {} } },
    }),
  list_comments: () => notion.comments.list({ block_id: "59833787-2cf9-4fdf-8782-e53db20768a5" }),
  create_comment: () =>
    notion.comments.create({
      parent: { page_id: "59833787-2cf9-4fdf-8782-e53db20768a5" },
      markdown: "Looks **good**.",
    }),
  reply_to_comment: () =>
    notion.comments.create({ discussion_id: "f1407351-36f5-4c49-a13c-49f8ba11776d", markdown: "Done." }),
  update_comment: () =>
    notion.comments.update({ comment_id: "94cc56ab-9f02-409d-9f99-1037e9fe502f", markdown: "Looks **very** good." }),
  delete_comment: () => notion.comments.delete({ comment_id: "94cc56ab-9f02-409d-9f99-1037e9fe502f" }),
  list_users: () => notion.users.list({}),
  get_user: () => notion.users.retrieve({ user_id: "d40e767c-d7af-4b18-a86d-55c61f1e39a4" }),
  get_self: () => notion.users.me({}),
});
