import { auth, sheets as connect } from "@googleapis/sheets";
import { base, record } from "./record.ts";

const session = new auth.OAuth2();
session.setCredentials({ access_token: "secret" });
const sheets = connect({ version: "v4", auth: session, rootUrl: `${base}/`, retry: false });

await record({
  get_values: () => sheets.spreadsheets.values.get({ spreadsheetId: "1BxiMVs0XRA5", range: "Sheet1!A1:C10" }),
  get_many_values: () =>
    sheets.spreadsheets.values.batchGet({ spreadsheetId: "1BxiMVs0XRA5", ranges: ["Sheet1!A1:A10", "Sheet2!B:B"] }),
  update_values: () =>
    sheets.spreadsheets.values.update({
      spreadsheetId: "1BxiMVs0XRA5",
      range: "Sheet1!A1",
      valueInputOption: "USER_ENTERED",
      requestBody: {
        values: [
          ["Name", "Sum"],
          ["Ada", "=1+2"],
        ],
      },
    }),
  append_values: () =>
    sheets.spreadsheets.values.append({
      spreadsheetId: "1BxiMVs0XRA5",
      range: "Sheet1!A:B",
      valueInputOption: "RAW",
      requestBody: { values: [["Grace", 4]] },
    }),
  update_many_values: () =>
    sheets.spreadsheets.values.batchUpdate({
      spreadsheetId: "1BxiMVs0XRA5",
      requestBody: {
        data: [
          { range: "Sheet1!A1", values: [[1]] },
          { range: "Sheet2!B2", values: [[2]] },
        ],
        valueInputOption: "RAW",
      },
    }),
  clear_values: () => sheets.spreadsheets.values.clear({ spreadsheetId: "1BxiMVs0XRA5", range: "Sheet1!C:C" }),
  clear_many_values: () =>
    sheets.spreadsheets.values.batchClear({
      spreadsheetId: "1BxiMVs0XRA5",
      requestBody: { ranges: ["Sheet1!C:C", "Sheet1!E:E"] },
    }),
  create_spreadsheet: () =>
    sheets.spreadsheets.create({
      requestBody: {
        properties: { title: "Budget" },
        sheets: [{ properties: { title: "Plan" } }, { properties: { title: "Costs" } }],
      },
    }),
  get_spreadsheet: () =>
    sheets.spreadsheets.get({
      spreadsheetId: "1BxiMVs0XRA5",
      fields: "properties.title,sheets.properties(sheetId,title)",
    }),
  change_spreadsheet: () =>
    sheets.spreadsheets.batchUpdate({
      spreadsheetId: "1BxiMVs0XRA5",
      requestBody: { requests: [{ addSheet: { properties: { title: "Plan" } } }] },
    }),
  copy_sheet: () =>
    sheets.spreadsheets.sheets.copyTo({
      spreadsheetId: "1BxiMVs0XRA5",
      sheetId: 0,
      requestBody: { destinationSpreadsheetId: "1QmOPc2" },
    }),
});
