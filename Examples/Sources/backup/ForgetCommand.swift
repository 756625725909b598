import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct ForgetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forget",
    abstract: "Remove snapshots: those that are named, or those that no rule keeps.",
    discussion: """
      Snapshots of one name are a series, and each rule is applied to each series, from the newest \
      snapshot back: --keep-daily 7 keeps the newest one of each of the last seven days that have \
      one. A snapshot stays if any rule keeps it. Days, weeks (from Monday) and so on are those of \
      the local clock as it is now. The newest snapshot of a series goes only if it is named.

      What a snapshot alone needs stays stored until "backup prune".
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: "Names, first digits of ids, or \"latest\": these go, and no others.")
  var snapshots: [String] = []

  @Option(help: "Keep the newest N.")
  var keepLast = 0

  @Option(help: "Keep the newest of each of the last N hours that have one.")
  var keepHourly = 0

  @Option(help: "The same for days.")
  var keepDaily = 0

  @Option(help: "The same for weeks.")
  var keepWeekly = 0

  @Option(help: "The same for months.")
  var keepMonthly = 0

  @Option(help: "The same for years.")
  var keepYearly = 0

  @Option(help: "Keep what is at most so many days older than the newest.")
  var keepWithin: Int?

  @Option(help: ArgumentHelp("Keep what has this tag; can be repeated.", valueName: "name=value"))
  var keepTag: [String] = []

  @Option(help: ArgumentHelp("Apply the rules to this name alone; can be repeated."))
  var name: [String] = []

  @Flag(help: "Show what would go, and remove nothing.")
  var dryRun = false

  private var hasRules: Bool {
    [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly].contains { $0 != 0 }
      || keepWithin != nil || !keepTag.isEmpty
  }

  func validate() throws {
    guard
      [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly, keepWithin ?? 0]
        .allSatisfy({ $0 >= 0 })
    else { throw ValidationError("Numbers of snapshots and days are not negative.") }
    guard !snapshots.isEmpty || hasRules else {
      throw ValidationError("Say which snapshots go, or by --keep-… which stay.")
    }
    guard snapshots.isEmpty || !hasRules && name.isEmpty else {
      throw ValidationError("Name the snapshots that go, or give rules, not both.")
    }
  }

  private struct Document: Encodable {
    struct Kept: Encodable {
      let snapshot: SnapshotDocument
      let reasons: [String]
    }
    let dryRun: Bool
    let kept: [Kept]
    let forgotten: [SnapshotDocument]
  }

  /// A snapshot, its root, and why it stays.
  private struct Decision {
    let snapshot: Snapshot
    let root: Root
    let reasons: [String]
  }

  func run() async throws {
    let store = try await repository.open()
    var damage: ChunkStoreError?
    let found = try await store.snapshots { damage = damage ?? $0 }
    let roots = Dictionary(
      try await store.roots { damage = damage ?? $0 }.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    if let damage { printError("what is damaged is left alone: \(damage)") }
    let pairs = found.compactMap { snapshot in roots[snapshot.id].map { (snapshot, $0) } }
    let decisions =
      snapshots.isEmpty
      ? try decideByRules(pairs) : try await decideByName(pairs, in: store)
    let forgotten = decisions.filter { $0.reasons.isEmpty }
    if !dryRun {
      try await store.forget(forgotten.map(\.root))
      try takeNote(of: forgotten.map(\.root.id), of: store)
    }
    try print(decisions)
    try (damage == nil ? ExitStatus.done : .failed).end()
  }

  private func decideByName(
    _ pairs: [(Snapshot, Root)], in store: Repository
  ) async throws -> [Decision] {
    var named: Set<Digest> = []
    for reference in snapshots { named.insert(try await store.snapshot(reference).id) }
    return pairs.map { snapshot, root in
      Decision(
        snapshot: snapshot, root: root, reasons: named.contains(root.id) ? [] : ["not named"])
    }
  }

  private func decideByRules(_ pairs: [(Snapshot, Root)]) throws -> [Decision] {
    var policy = RetentionPolicy()
    policy.last = keepLast
    policy.hourly = keepHourly
    policy.daily = keepDaily
    policy.weekly = keepWeekly
    policy.monthly = keepMonthly
    policy.yearly = keepYearly
    policy.within = keepWithin.map { .seconds(Int64($0) * 86_400) }
    policy.names = name.isEmpty ? nil : Set(name)
    policy.utcOffset = Formatting.utcOffset(Formatting.now())
    for tag in keepTag {
      let parts = tag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw Failure("\"\(tag)\" is not a tag; write NAME=VALUE")
      }
      guard policy.fields.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
        throw Failure("--keep-tag names \(parts[0]) twice; one value of a tag at a time")
      }
    }
    // The policy is about fields of roots; these are tags for it.
    let tagged = pairs.map { snapshot, root in
      Root(
        id: root.id, name: root.name, time: root.time, chunk: root.chunk, session: root.session,
        fields: snapshot.tags)
    }
    let originals = Dictionary(uniqueKeysWithValues: pairs.map { ($1.id, ($0, $1)) })
    return try policy.plan(tagged).decisions.compactMap { decision in
      originals[decision.root.id].map { snapshot, root in
        Decision(
          snapshot: snapshot, root: root,
          reasons: decision.reasons.map {
            switch $0 {
            case .field: "tag"
            case .otherName: "other name"
            default: $0.rawValue
            }
          })
      }
    }
  }

  /// So that "verify --seen" does not miss them.
  private func takeNote(of ids: [Digest], of store: Repository) throws {
    let path = try LocalState(of: store).seen
    guard var seen = try SeenRecord.read(path) else { return }
    seen.forget(ids)
    try seen.write(path)
  }

  private func print(_ decisions: [Decision]) throws {
    let output = Output()
    if repository.output.json {
      try output.write(
        json: Document(
          dryRun: dryRun,
          kept: decisions.filter { !$0.reasons.isEmpty }.map {
            Document.Kept(snapshot: SnapshotDocument($0.snapshot), reasons: $0.reasons)
          },
          forgotten: decisions.filter { $0.reasons.isEmpty }.map { SnapshotDocument($0.snapshot) }))
    } else {
      for decision in decisions where snapshots.isEmpty || decision.reasons.isEmpty {
        let verb = !decision.reasons.isEmpty ? "keep" : dryRun ? "would forget" : "forgot"
        let why = decision.reasons.isEmpty ? "" : " (\(decision.reasons.joined(separator: ", ")))"
        try output.writeLine(
          "\(verb) \(decision.root.id.description.prefix(8))  "
            + "\(Formatting.localTime(decision.root.time))  \(decision.root.name)\(why)")
      }
    }
    try output.flush()
  }
}
