import { auth, drive as connect } from "@googleapis/drive";
import { base, record } from "./record.ts";

const session = new auth.OAuth2();
session.setCredentials({ access_token: "secret" });
const drive = connect({ version: "v3", auth: session, rootUrl: `${base}/`, retry: false });

await record({
  list_files: () =>
    drive.files.list({
      q: "name contains 'plan' and trashed = false",
      fields: "nextPageToken,files(id,name,webViewLink)",
    }),
  get_file: () => drive.files.get({ fileId: "1BxiMVs0XRA5", fields: "id,name,owners,webViewLink" }),
  download_file: () => drive.files.get({ fileId: "1BxiMVs0XRA5", alt: "media" }),
  export_file: () => drive.files.export({ fileId: "1BxiMVs0XRA5", mimeType: "application/pdf" }),
  create_file: () =>
    drive.files.create({ requestBody: { name: "Release 3", mimeType: "application/vnd.google-apps.folder" } }),
  update_file: () => drive.files.update({ fileId: "1BxiMVs0XRA5", requestBody: { trashed: true } }),
  copy_file: () => drive.files.copy({ fileId: "1BxiMVs0XRA5", requestBody: { name: "Plan of Release 3" } }),
  delete_file: () => drive.files.delete({ fileId: "1BxiMVs0XRA5" }),
  empty_trash: () => drive.files.emptyTrash(),
  list_permissions: () =>
    drive.permissions.list({ fileId: "1BxiMVs0XRA5", fields: "permissions(id,role,type,emailAddress)" }),
  share_file: () =>
    drive.permissions.create({
      fileId: "1BxiMVs0XRA5",
      requestBody: { role: "writer", type: "user", emailAddress: "ada@example.org" },
    }),
  update_permission: () =>
    drive.permissions.update({ fileId: "1BxiMVs0XRA5", permissionId: "0918273645", requestBody: { role: "reader" } }),
  unshare_file: () => drive.permissions.delete({ fileId: "1BxiMVs0XRA5", permissionId: "0918273645" }),
  list_comments: () =>
    drive.comments.list({ fileId: "1BxiMVs0XRA5", fields: "comments(id,content,author(displayName),resolved)" }),
  create_comment: () =>
    drive.comments.create({
      fileId: "1BxiMVs0XRA5",
      fields: "id,content",
      requestBody: { content: "Is this still so?" },
    }),
  reply_to_comment: () =>
    drive.replies.create({
      fileId: "1BxiMVs0XRA5",
      commentId: "AAAAsR2A",
      fields: "id",
      requestBody: { action: "resolve" },
    }),
  get_about: () => drive.about.get({ fields: "user,storageQuota" }),
  get_start_page_token: () => drive.changes.getStartPageToken(),
  list_changes: () => drive.changes.list({ pageToken: "8421" }),
  list_drives: () => drive.drives.list({ pageSize: 100 }),
});
