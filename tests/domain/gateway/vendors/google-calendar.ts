import { auth, calendar as connect } from "@googleapis/calendar";
import { base, record } from "./record.ts";

const session = new auth.OAuth2();
session.setCredentials({ access_token: "secret" });
const calendar = connect({ version: "v3", auth: session, rootUrl: `${base}/`, retry: false });

await record({
  list_events: () =>
    calendar.events.list({
      calendarId: "primary",
      timeMin: "2026-01-31T00:00:00Z",
      timeMax: "2026-02-01T00:00:00Z",
      singleEvents: true,
      orderBy: "startTime",
    }),
  get_event: () => calendar.events.get({ calendarId: "primary", eventId: "7cbh8rpc10lrc0ckih9tafss99" }),
  create_event: () =>
    calendar.events.insert({
      calendarId: "primary",
      sendUpdates: "all",
      requestBody: {
        summary: "Plan the release",
        start: { dateTime: "2026-01-31T09:00:00+01:00" },
        end: { dateTime: "2026-01-31T10:00:00+01:00" },
        attendees: [{ email: "ada@example.org" }],
      },
    }),
  update_event: () =>
    calendar.events.patch({
      calendarId: "primary",
      eventId: "7cbh8rpc10lrc0ckih9tafss99",
      requestBody: { location: "Room 2" },
    }),
  delete_event: () =>
    calendar.events.delete({ calendarId: "primary", eventId: "7cbh8rpc10lrc0ckih9tafss99", sendUpdates: "all" }),
  quick_add_event: () => calendar.events.quickAdd({ calendarId: "primary", text: "Lunch with Ada tomorrow at noon" }),
  move_event: () =>
    calendar.events.move({
      calendarId: "primary",
      eventId: "7cbh8rpc10lrc0ckih9tafss99",
      destination: "team@group.calendar.google.com",
    }),
  list_instances: () => calendar.events.instances({ calendarId: "primary", eventId: "7cbh8rpc10lrc0ckih9tafss99" }),
  find_busy_times: () =>
    calendar.freebusy.query({
      requestBody: {
        timeMin: "2026-01-31T08:00:00Z",
        timeMax: "2026-01-31T18:00:00Z",
        items: [{ id: "ada@example.org" }, { id: "primary" }],
      },
    }),
  list_calendars: () => calendar.calendarList.list({ minAccessRole: "writer" }),
  get_calendar: () => calendar.calendars.get({ calendarId: "primary" }),
  create_calendar: () =>
    calendar.calendars.insert({ requestBody: { summary: "Release 3", timeZone: "Europe/Berlin" } }),
  update_calendar: () =>
    calendar.calendars.patch({ calendarId: "team@group.calendar.google.com", requestBody: { summary: "Release 4" } }),
  delete_calendar: () => calendar.calendars.delete({ calendarId: "team@group.calendar.google.com" }),
  list_shares: () => calendar.acl.list({ calendarId: "primary" }),
  share_calendar: () =>
    calendar.acl.insert({
      calendarId: "primary",
      requestBody: { role: "reader", scope: { type: "user", value: "ada@example.org" } },
    }),
  unshare_calendar: () => calendar.acl.delete({ calendarId: "primary", ruleId: "user:ada@example.org" }),
});
