// A TON network of one process: the real TVM (`@ton/sandbox`) behind HTTP as toncenter speaks it, versions 2 and 3.
// Arguments: the folder of the package, a port (0: a free one). Prints its address. `/_test/…` is for tests and people.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const load = createRequire(`${process.argv[2]}/`);
const { Address, beginCell, Cell, loadMessage, storeMessage, storeTransaction, SendMode } = load("@ton/core");
const { Blockchain } = load("@ton/sandbox");

const REJECTS = beginCell().storeUint(0xff00f223, 32).endCell(); // code of a contract: SETCP0, THROW 35
let chain, faucet, fresh, history, messages, clock, faults, lastKey = null;

const now = () => clock.fixed ?? Math.floor(Date.now() / 1000) + clock.ahead_s;
const base64 = (cell) => cell.toBoc().toString("base64");
const raw = (address) => (address ? address.toRawString().toUpperCase() : null);
const text = (value) => (value === undefined || value === null ? null : String(value));

async function create() {
  chain = await Blockchain.create();
  clock = { ahead_s: 0, fixed: null };
  chain.now = now();
  faucet = await chain.treasury("faucet", { balance: 10n ** 18n });
  fresh = chain.snapshot();
  forget();
}

function forget() {
  history = new Map(); // raw address → its transactions, oldest first
  messages = 0;
  clock = { ahead_s: 0, fixed: null };
  faults = {};
}

async function reset() {
  await chain.loadFrom(fresh);
  forget();
}

function record(result) {
  for (const tx of result.transactions) {
    const account = raw(new Address(0, Buffer.from(tx.address.toString(16).padStart(64, "0"), "hex")));
    if (!history.has(account)) history.set(account, []);
    history.get(account).push({ tx, account, block: ++messages, finality: faults.pending ? "pending" : "finalized" });
  }
  return result;
}

async function apply(message) {
  chain.now = now();
  return record(await chain.sendMessage(message));
}

// ---- the wire of version 3

function messageJson(message) {
  const { info, body, init } = message;
  const inside = info.type === "internal";
  return {
    hash: beginCell().store(storeMessage(message)).endCell().hash().toString("base64"),
    source: raw(info.src instanceof Address ? info.src : null),
    destination: raw(info.dest instanceof Address ? info.dest : null),
    value: inside ? text(info.value.coins) : null,
    fwd_fee: inside ? text(info.forwardFee) : null,
    ihr_fee: inside ? text(info.ihrFee) : null,
    created_lt: inside ? text(info.createdLt) : null,
    created_at: inside ? text(info.createdAt) : null,
    opcode: body.bits.length >= 32 ? `0x${body.beginParse().loadUint(32).toString(16).padStart(8, "0")}` : null,
    ihr_disabled: inside ? info.ihrDisabled : null,
    bounce: inside ? info.bounce : null,
    bounced: inside ? info.bounced : null,
    import_fee: info.type === "external-in" ? text(info.importFee) : null,
    message_content: { hash: body.hash().toString("base64"), body: base64(body), decoded: null },
    init_state: init ? { hash: null, body: null } : null,
  };
}

function transactionJson({ tx, account, block, finality }) {
  const { description } = tx;
  const compute = description.computePhase;
  const final = finality === "finalized";
  return {
    account, hash: tx.hash().toString("base64"), lt: text(tx.lt), now: tx.now, orig_status: tx.oldStatus, end_status: tx.endStatus,
    mc_block_seqno: final ? block : null, finality, emulated: !final,
    total_fees: text(tx.totalFees.coins), prev_trans_hash: null, prev_trans_lt: text(tx.prevTransactionLt),
    description: {
      type: "ord", aborted: description.aborted, destroyed: description.destroyed, credit_first: description.creditFirst,
      compute_ph: compute && { skipped: compute.type === "skipped", success: compute.success ?? null, exit_code: compute.exitCode ?? null },
      action: description.actionPhase ? {
        success: description.actionPhase.success, skipped_actions: description.actionPhase.skippedActions,
        tot_actions: description.actionPhase.totalActions, msgs_created: description.actionPhase.messagesCreated,
        result_code: description.actionPhase.resultCode,
      } : null,
    },
    in_msg: tx.inMessage ? messageJson(tx.inMessage) : null,
    out_msgs: tx.outMessages.values().map(messageJson),
  };
}

function listed(query) {
  const from = BigInt(query.get("start_lt") ?? 0), to = query.get("end_lt");
  const since = Number(query.get("start_utime") ?? 0);
  let found = (history.get(raw(Address.parse(query.get("account")))) ?? [])
    .filter(({ tx }) => tx.lt >= from && (to === null || tx.lt <= BigInt(to)) && tx.now >= since);
  if (faults.hidden_lts) found = found.filter(({ tx }) => !faults.hidden_lts.includes(String(tx.lt)));
  if (query.get("sort") !== "asc") found = [...found].reverse();
  const offset = Number(query.get("offset") ?? 0);
  found = found.slice(offset, offset + Math.min(Number(query.get("limit") ?? 10), 1000)).map(transactionJson);
  if (faults.duplicate) found = found.flatMap((one) => [one, one]);
  if (faults.reverse) found.reverse();
  return found;
}

// ---- version 2

async function information(query) {
  const { account, lastTransactionLt, lastTransactionHash } = (await chain.getContract(Address.parse(query.get("address")))).account;
  const state = account?.storage.state;
  const active = state?.type === "active";
  return {
    "@type": "raw.fullAccountState",
    balance: text(account?.storage.balance.coins ?? 0n),
    code: active ? base64(state.state.code) : "", data: active ? base64(state.state.data) : "",
    last_transaction_id: {
      "@type": "internal.transactionId", lt: text(lastTransactionLt),
      hash: Buffer.from(lastTransactionHash.toString(16).padStart(64, "0"), "hex").toString("base64"),
    },
    frozen_hash: "", sync_utime: now(), state: active ? "active" : state?.type === "frozen" ? "frozen" : "uninitialized",
  };
}

function transactionsOfVersion2(query) {
  const until = query.get("lt"), after = BigInt(query.get("to_lt") ?? 0);
  return [...(history.get(raw(Address.parse(query.get("address")))) ?? [])].reverse()
    .filter(({ tx }) => (until === null || tx.lt <= BigInt(until)) && tx.lt > after)
    .slice(0, Number(query.get("limit") ?? 10))
    .map(({ tx }) => ({
      "@type": "raw.transaction", utime: tx.now, fee: text(tx.totalFees.coins),
      data: beginCell().store(storeTransaction(tx)).endCell().toBoc().toString("base64"),
      transaction_id: { "@type": "internal.transactionId", lt: text(tx.lt), hash: tx.hash().toString("base64") },
      in_msg: tx.inMessage ? messageJson(tx.inMessage) : null, out_msgs: tx.outMessages.values().map(messageJson),
    }));
}

async function sendBoc({ boc }) {
  try {
    await apply(loadMessage(Cell.fromBase64(boc).beginParse()));
  } catch (error) {
    throw new Refused(500, `LITE_SERVER_UNKNOWN: cannot apply external message to current state : ${error.message}`);
  }
  return { "@type": "ok" };
}

async function runGetMethod({ address, method }) {
  chain.now = now();
  try {
    const { stack, exitCode } = await chain.runGetMethod(Address.parse(address), method);
    return { exit_code: exitCode, stack: stack.map((item) => ["num", `0x${item.value.toString(16)}`]) };
  } catch (error) {
    return { exit_code: error.exitCode ?? -13, stack: [] };
  }
}

// ---- for tests

async function send({ to, nano, comment, bounce = false, body }) {
  const payload = body ? Cell.fromBase64(body)
    : comment === undefined ? beginCell().endCell()
    : beginCell().storeUint(0, 32).storeStringTail(comment).endCell();
  chain.now = now();
  const done = record(await faucet.send({ to: Address.parse(to), value: BigInt(nano), bounce, body: payload, sendMode: SendMode.PAY_GAS_SEPARATELY }));
  const account = raw(Address.parse(to));
  const arrived = (history.get(account) ?? []).filter(({ tx }) => done.transactions.includes(tx)).map(transactionJson);
  return { transactions: arrived };
}

async function contractThatRejects() {
  const init = { code: REJECTS, data: beginCell().storeUint(messages, 64).endCell() };
  const address = new Address(0, beginCell().storeBit(false).storeBit(false).storeMaybeRef(init.code).storeMaybeRef(init.data).storeBit(false).endCell().hash());
  chain.now = now();
  record(await faucet.send({ to: address, value: 10n ** 9n, init, bounce: false }));
  return { address: address.toRawString() };
}

const test = {
  send, reset,
  rejecting: contractThatRejects,
  time: ({ ahead_s, fixed }) => { clock = { ahead_s: ahead_s ?? 0, fixed: fixed ?? null }; return { now: now() }; },
  key: () => ({ key: lastKey }),
  faults: (wanted) => { faults = wanted; return faults; },
  settle: () => { for (const list of history.values()) for (const one of list) one.finality = "finalized"; return {}; },
};

// ---- HTTP

class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

async function route(method, path, query, body) {
  switch (`${method} ${path}`) {
    case "POST /api/v2/sendBoc": return { ok: true, result: await sendBoc(body) };
    case "GET /api/v2/getAddressInformation": return { ok: true, result: await information(query) };
    case "GET /api/v2/getTransactions": return { ok: true, result: transactionsOfVersion2(query) };
    case "POST /api/v2/runGetMethod": return { ok: true, result: await runGetMethod(body) };
    case "GET /api/v3/transactions": return { transactions: listed(query), address_book: {} };
    case "GET /api/v3/masterchainInfo": {
      const block = { workchain: -1, seqno: messages, gen_utime: String(now() - (faults.lag_s ?? 0)), global_id: faults.global_id ?? -239 };
      return { first: block, last: block };
    }
  }
  const hook = path.startsWith("/_test/") && method === "POST" && test[path.slice("/_test/".length)];
  if (!hook) throw new Refused(404, "no such method");
  return (await hook(body)) ?? {};
}

function planned(path) {
  const fault = (faults.next ?? []).find((one) => path.endsWith(one.path ?? "") && one.times > 0);
  if (!fault || path.startsWith("/_test/")) return null;
  fault.times -= 1;
  return fault;
}

async function answer(request, response) {
  const { pathname: path, searchParams: query } = new URL(request.url, "http://peer");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const fault = planned(path);
  if (path.startsWith("/api/")) lastKey = request.headers["x-api-key"] ?? null;
  let status = 200, value;
  try {
    if (fault?.status) throw new Refused(fault.status, "as asked");
    value = await route(request.method, path, query, chunks.length ? JSON.parse(Buffer.concat(chunks)) : {});
  } catch (error) {
    status = error.status ?? 422;
    value = { ok: false, error: error.message, code: status };
  }
  if (fault?.drop_reply) return request.socket.destroy();
  const sent = JSON.stringify(fault?.answer ?? value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(sent) }).end(sent);
}

process.stdin.on("end", () => process.exit()).resume(); // never outlive who started it
await create();
let turn = Promise.resolve(); // one at a time: it is one machine
const server = createServer((request, response) => { turn = turn.then(() => answer(request, response)).catch(() => request.socket.destroy()); });
server.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })));
