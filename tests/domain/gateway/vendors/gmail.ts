import { auth, gmail as connect } from "@googleapis/gmail";
import { base, record } from "./record.ts";

const session = new auth.OAuth2();
session.setCredentials({ access_token: "secret" });
const gmail = connect({ version: "v1", auth: session, rootUrl: `${base}/`, retry: false });

await record({
  list_messages: () => gmail.users.messages.list({ userId: "me", q: "from:ada@example.org is:unread", maxResults: 10 }),
  get_message: () =>
    gmail.users.messages.get({
      userId: "me",
      id: "18c2f0a1b2c3d4e5",
      format: "metadata",
      metadataHeaders: ["From", "Subject"],
    }),
  send_message: () =>
    gmail.users.messages.send({
      userId: "me",
      requestBody: {
        raw: "VG86IGFkYUBleGFtcGxlLm9yZw0KU3ViamVjdDogTHVuY2gNCkNvbnRlbnQtVHlwZTogdGV4dC9wbGFpbjsgY2hhcnNldD0idXRmLTgiDQpDb250ZW50LVRyYW5zZmVyLUVuY29kaW5nOiA3Yml0DQpNSU1FLVZlcnNpb246IDEuMA0KDQpBdCBub29uPw0K",
      },
    }),
  modify_message: () =>
    gmail.users.messages.modify({ userId: "me", id: "18c2f0a1b2c3d4e5", requestBody: { removeLabelIds: ["UNREAD"] } }),
  modify_messages: () =>
    gmail.users.messages.batchModify({
      userId: "me",
      requestBody: { ids: ["18c2f0a1b2c3d4e5", "18c2f0a1b2c3d4e6"], removeLabelIds: ["INBOX"] },
    }),
  trash_message: () => gmail.users.messages.trash({ userId: "me", id: "18c2f0a1b2c3d4e5" }),
  untrash_message: () => gmail.users.messages.untrash({ userId: "me", id: "18c2f0a1b2c3d4e5" }),
  get_attachment: () =>
    gmail.users.messages.attachments.get({ userId: "me", messageId: "18c2f0a1b2c3d4e5", id: "ANGjdJ8wKq" }),
  list_threads: () => gmail.users.threads.list({ userId: "me", labelIds: ["INBOX"], maxResults: 20 }),
  get_thread: () => gmail.users.threads.get({ userId: "me", id: "18c2f0a1b2c3d4e5" }),
  modify_thread: () =>
    gmail.users.threads.modify({ userId: "me", id: "18c2f0a1b2c3d4e5", requestBody: { removeLabelIds: ["INBOX"] } }),
  trash_thread: () => gmail.users.threads.trash({ userId: "me", id: "18c2f0a1b2c3d4e5" }),
  list_drafts: () => gmail.users.drafts.list({ userId: "me" }),
  get_draft: () => gmail.users.drafts.get({ userId: "me", id: "r-8722" }),
  create_draft: () =>
    gmail.users.drafts.create({
      userId: "me",
      requestBody: {
        message: {
          raw: "VG86IGFkYUBleGFtcGxlLm9yZw0KU3ViamVjdDogUmU6IEx1bmNoDQpDb250ZW50LVR5cGU6IHRleHQvcGxhaW47IGNoYXJzZXQ9InV0Zi04Ig0KQ29udGVudC1UcmFuc2Zlci1FbmNvZGluZzogN2JpdA0KTUlNRS1WZXJzaW9uOiAxLjANCg0KR2xhZGx5Lg0K",
          threadId: "18c2f0a1b2c3d4e5",
        },
      },
    }),
  send_draft: () => gmail.users.drafts.send({ userId: "me", requestBody: { id: "r-8722" } }),
  delete_draft: () => gmail.users.drafts.delete({ userId: "me", id: "r-8722" }),
  list_labels: () => gmail.users.labels.list({ userId: "me" }),
  create_label: () => gmail.users.labels.create({ userId: "me", requestBody: { name: "Work/Invoices" } }),
  delete_label: () => gmail.users.labels.delete({ userId: "me", id: "Label_12" }),
  get_profile: () => gmail.users.getProfile({ userId: "me" }),
  list_history: () =>
    gmail.users.history.list({ userId: "me", startHistoryId: "1042", historyTypes: ["messageAdded"] }),
  get_vacation: () => gmail.users.settings.getVacation({ userId: "me" }),
  set_vacation: () =>
    gmail.users.settings.updateVacation({
      userId: "me",
      requestBody: { enableAutoReply: true, responseSubject: "Away", responseBodyPlainText: "Back on Monday." },
    }),
  list_filters: () => gmail.users.settings.filters.list({ userId: "me" }),
  create_filter: () =>
    gmail.users.settings.filters.create({
      userId: "me",
      requestBody: { criteria: { subject: "Invoice" }, action: { addLabelIds: ["Label_12"] } },
    }),
});
