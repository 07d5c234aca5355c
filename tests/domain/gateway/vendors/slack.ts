import { WebClient } from "@slack/web-api";
import { base, record } from "./record.ts";

const slack = new WebClient("secret", { slackApiUrl: `${base}/api/`, retryConfig: { retries: 0 } });

await record({
  post_message: () => slack.chat.postMessage({ channel: "C0123456789", text: "The build is green :tada:" }),
  update_message: () =>
    slack.chat.update({ channel: "C0123456789", ts: "1732190400.000100", text: "The build is red" }),
  delete_message: () => slack.chat.delete({ channel: "C0123456789", ts: "1732190400.000100" }),
  post_ephemeral: () =>
    slack.chat.postEphemeral({ channel: "C0123456789", user: "U0123456789", text: "Your report is ready" }),
  schedule_message: () =>
    slack.chat.scheduleMessage({ channel: "C0123456789", post_at: 1732262400, text: "Stand-up in ten minutes" }),
  list_scheduled_messages: () => slack.chat.scheduledMessages.list(),
  delete_scheduled_message: () =>
    slack.chat.deleteScheduledMessage({ channel: "C0123456789", scheduled_message_id: "Q1298393284" }),
  get_permalink: () => slack.chat.getPermalink({ channel: "C0123456789", message_ts: "1732190400.000100" }),
  add_reaction: () => slack.reactions.add({ channel: "C0123456789", timestamp: "1732190400.000100", name: "thumbsup" }),
  remove_reaction: () =>
    slack.reactions.remove({ channel: "C0123456789", timestamp: "1732190400.000100", name: "thumbsup" }),
  get_reactions: () => slack.reactions.get({ channel: "C0123456789", timestamp: "1732190400.000100", full: true }),
  pin_message: () => slack.pins.add({ channel: "C0123456789", timestamp: "1732190400.000100" }),
  unpin_message: () => slack.pins.remove({ channel: "C0123456789", timestamp: "1732190400.000100" }),
  list_pins: () => slack.pins.list({ channel: "C0123456789" }),
  list_channels: () =>
    slack.conversations.list({ types: "public_channel,private_channel", exclude_archived: true, limit: 200 }),
  get_channel: () => slack.conversations.info({ channel: "C0123456789", include_num_members: true }),
  list_messages: () => slack.conversations.history({ channel: "C0123456789", oldest: "1732104000", limit: 50 }),
  list_replies: () => slack.conversations.replies({ channel: "C0123456789", ts: "1732190400.000100" }),
  list_channel_members: () => slack.conversations.members({ channel: "C0123456789" }),
  create_channel: () => slack.conversations.create({ name: "release-2-1" }),
  rename_channel: () => slack.conversations.rename({ channel: "C0123456789", name: "release-2-2" }),
  archive_channel: () => slack.conversations.archive({ channel: "C0123456789" }),
  join_channel: () => slack.conversations.join({ channel: "C0123456789" }),
  invite_to_channel: () => slack.conversations.invite({ channel: "C0123456789", users: "U0123456789,U9876543210" }),
  remove_from_channel: () => slack.conversations.kick({ channel: "C0123456789", user: "U0123456789" }),
  set_channel_topic: () => slack.conversations.setTopic({ channel: "C0123456789", topic: "Release on Friday" }),
  set_channel_purpose: () =>
    slack.conversations.setPurpose({ channel: "C0123456789", purpose: "All about release 2.1" }),
  open_direct_message: () => slack.conversations.open({ users: "U0123456789", return_im: true }),
  list_users: () => slack.users.list({ limit: 200 }),
  get_user: () => slack.users.info({ user: "U0123456789" }),
  find_user_by_email: () => slack.users.lookupByEmail({ email: "ada@example.com" }),
  list_user_channels: () =>
    slack.users.conversations({ types: "public_channel,private_channel", exclude_archived: true }),
  get_profile: () => slack.users.profile.get({}),
  set_status: () =>
    slack.users.profile.set({
      profile: { status_text: "On holiday", status_emoji: ":palm_tree:", status_expiration: 1732867200 },
    }),
  list_user_groups: () => slack.usergroups.list({ include_users: true }),
  get_team: () => slack.team.info(),
  list_emoji: () => slack.emoji.list(),
  search_messages: () => slack.search.messages({ query: "passkeys in:#release from:@ada", sort: "timestamp" }),
  search_files: () => slack.search.files({ query: "budget 2027" }),
  list_files: () => slack.files.list({ channel: "C0123456789", types: "images" }),
  get_file: () => slack.files.info({ file: "F0123456789" }),
  delete_file: () => slack.files.delete({ file: "F0123456789" }),
  add_reminder: () => slack.reminders.add({ text: "Water the plants", time: "in 1 hour" }),
  list_reminders: () => slack.reminders.list(),
  complete_reminder: () => slack.reminders.complete({ reminder: "Rm12345678" }),
  add_bookmark: () =>
    slack.bookmarks.add({
      channel_id: "C0123456789",
      title: "Release plan",
      link: "https://example.com/plan",
      type: "link",
    }),
  list_bookmarks: () => slack.bookmarks.list({ channel_id: "C0123456789" }),
});
