// Answers questions about versions with npm's own `semver`, for comparison with ours. JSON in, JSON out.
const semver = require(process.argv[2] + "/node_modules/semver");
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));

const attempt = (work) => { try { return work(); } catch { return null; } };

process.stdout.write(JSON.stringify({
  pairs: asked.pairs.map(([range, version]) => {
    const parsed = attempt(() => new semver.Range(range));
    return parsed === null ? null
      : [semver.satisfies(version, range), semver.satisfies(version, range, { includePrerelease: true })];
  }),
  valid: asked.valid.map((text) => attempt(() => new semver.SemVer(text).version)),
  order: asked.order.map(([one, other]) => semver.compare(one, other)),
  highest: asked.highest.map(([versions, range]) => semver.maxSatisfying(versions, range)),
}));
