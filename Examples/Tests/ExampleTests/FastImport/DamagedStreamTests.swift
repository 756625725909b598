import Foundation
import Testing

@testable import FastImport

/// Streams that are cut or damaged in any way, which this program and git must take for the same, or
/// both refuse.
@Suite struct DamagedStreamTests {
  let oracle: GitOracle

  init() throws {
    oracle = try GitOracle()
  }

  /// How many damaged streams, from the environment for a longer run, which also cuts the streams
  /// behind every line; and the first seed.
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["FAST_IMPORT_DAMAGE"].flatMap { Int($0) }
  private static let firstSeed = environment["FAST_IMPORT_SEED"].flatMap { UInt64($0) }

  /// What git 2.39 takes and this program refuses, on purpose.
  private static let refused: [(message: String, why: String)] = [
    ("the stream ends where inline data", "git stores what its memory holds as the id of the file"),
    ("Invalid path: ", "git takes a path with a quote that nothing ends as it is, until 2.45"),
    ("Invalid source: ", "as for paths"),
    ("Invalid dest: ", "as for paths"),
    ("Missing space after source", "as for paths"),
    ("Corrupt mode: ", "git drops all but 16 bits of a mode"),
    ("data needs a number", "git reads no digits as 0, and a number that is too large as another"),
    ("a mark is a number from 1 on", "as for data; and git's mark 0 is none"),
    ("No value after ':' in mark", "git takes a sign for a part of a number"),
  ]

  /// What git 2.39 refuses and this program takes, on purpose: git's message.
  private static let taken: [(message: String, why: String)] = [
    ("Missing dest: ", "an empty path is the root; git takes it since 2.45")
  ]

  /// Whether both may make something else of a stream, on purpose.
  private func isKnown(
    _ ours: GitOracle.Import, _ theirs: GitOracle.Outcome, _ stream: [UInt8]
  ) -> Bool {
    // Ended by a signal: where a stream ends within a "merge" git goes in circles, and what an alias
    // leads to it asserts to have written itself.
    if theirs.status > 128 || theirs.errors.contains("Out of memory") { return true }
    guard let error = ours.error else {
      return theirs.status == 128 && Self.taken.contains { theirs.errors.contains($0.message) }
    }
    // Lines end with a NUL for git, for it is written in C.
    return theirs.status < 128
      && (stream.contains(0) || Self.refused.contains { error.message.contains($0.message) })
  }

  /// Whether something other than an empty line follows an alias: git drops that line, whatever it is.
  private func hasAliasWithoutEmptyLine(_ stream: [UInt8]) -> Bool {
    let lines = stream.split(separator: 10, omittingEmptySubsequences: false)
    return zip(lines, lines.dropFirst()).contains { line, next in
      line.starts(with: "to ".utf8) && !next.isEmpty
    }
  }

  /// Expects that both make the same of a stream.
  private func expectSame(_ stream: [UInt8], _ comment: Comment) async throws {
    if hasAliasWithoutEmptyLine(stream) { return }
    let theirs = try oracle.gitImport(stream, cpuLimit: 10)
    let ours = try await oracle.importStream(stream)
    if ours.status != theirs.status, isKnown(ours, theirs, stream) { return }
    let comment: Comment =
      """
      \(comment): git \(theirs.errors.prefix(200)), here \(ours.error?.message ?? "") \
      \(ours.report?.refusals ?? []), of \(String(decoding: stream, as: UTF8.self))
      """
    #expect(ours.status == theirs.status, comment)
    // Where both refuse it, what was there at the last checkpoint.
    // Git makes refs outside of "refs/" too, but does not list them.
    let refs = try await oracle.refs(ours.repository).filter { $0.contains(" refs/") }
    #expect(refs == theirs.refs, comment)
    guard ours.status == theirs.status, ours.error == nil else { return }
    #expect(ours.replies == theirs.replies, comment)
    guard !theirs.refs.isEmpty else { return }
    let again = try oracle.gitImport(try await oracle.export(ours.repository))
    #expect(again.status == 0 && again.refs == theirs.refs, comment)
  }

  @Test(arguments: RichStreams.all.indices)
  func cutBehindLines(_ stream: Int) async throws {
    let whole = RichStreams.all[stream]
    let ends = whole.indices.filter { whole[$0] == 10 }
    var random = Seeded(Self.firstSeed ?? UInt64.random(in: 0...UInt64(UInt32.max)))
    let step = Self.count == nil ? 20 : 1
    let first = Int(random.next() % UInt64(step))
    for place in stride(from: first, to: ends.count, by: step) {
      try await expectSame(
        Array(whole[...ends[place]]), "stream \(stream) cut behind line \(place + 1)")
    }
  }

  @Test func damagedStreams() async throws {
    let first = Self.firstSeed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    print("seeds from \(first)")
    for seed in first..<first + UInt64(Self.count ?? 12) {
      var damage = Damage(seed)
      let whole = RichStreams.all[Int(seed % UInt64(RichStreams.all.count))]
      try await expectSame(damage.damaged(whole), "seed \(seed)")
    }
  }
}

/// Changes a stream in a few places, at random but repeatable.
private struct Damage {
  private var random: Seeded

  init(_ seed: UInt64) {
    random = Seeded(seed)
  }

  private mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }

  /// What goes between any two bytes.
  private static let pieces = [
    " ", "\n", "\"", "/", ":", "0", "\0", "..", "\\", "<", ">", "1", "x", "#", "\n\n", "^0", "~1",
    ":1", "inline ", "refs/heads/main", "data <<E\nq\nE\n",
  ]

  /// What goes between any two lines.
  private static let lines = [
    "deleteall", "D a", "D \"\"", "C \"\" x", "R f g", "M 644 inline q", "ls \"a\"", "cat-blob :1",
    "get-mark :1", "checkpoint", "done", "alias", "to :1", "from :1", "merge :1", "mark :1",
    "data 0", "data 1", "tag q", "reset refs/heads/main", "from refs/heads/main", "N inline :1",
    "progress", "feature force", "option git force", "blob", "commit refs/heads/main", "# x", "",
    "committer C <c@example.com> 1 +0000", "reset refs/heads/q", "M 040000 :1 s", "M 160000 :3 s",
    "encoding x", "original-oid 1", "author A <a> 1 +0000",
    "from 0000000000000000000000000000000000000000",
  ]

  mutating func damaged(_ stream: [UInt8]) -> [UInt8] {
    var stream = stream
    for _ in 0..<[1, 1, 1, 2, 3][pick(5)] {
      if pick(2) == 0 { damageBytes(of: &stream) } else { damageLines(of: &stream) }
    }
    return stream
  }

  private mutating func damageBytes(of stream: inout [UInt8]) {
    guard !stream.isEmpty else { return }
    let place = pick(stream.count)
    switch pick(4) {
    case 0: stream[place] ^= 1 << UInt8(pick(8))
    case 1: stream.remove(at: place)
    case 2: stream.insert(contentsOf: Self.pieces[pick(Self.pieces.count)].utf8, at: place)
    default: stream.removeSubrange(place...)
    }
  }

  private mutating func damageLines(of stream: inout [UInt8]) {
    var lines = stream.split(separator: 10, omittingEmptySubsequences: false)
    let (one, other) = (pick(lines.count), pick(lines.count))
    switch pick(6) {
    case 0: lines.remove(at: one)
    case 1: lines.insert(lines[one], at: other)
    case 2: lines.swapAt(one, other)
    case 3: lines.insert(contentsOf: lines[min(one, other)...max(one, other)], at: one)
    case 4: lines.insert(Array(Self.lines[pick(Self.lines.count)].utf8)[...], at: one)
    default:
      var words = lines[one].split(separator: 32, omittingEmptySubsequences: false)
      words.swapAt(pick(words.count), pick(words.count))
      if pick(2) == 0 { words.removeLast() }
      lines[one] = Array(words.joined(separator: [32]))[...]
    }
    stream = Array(lines.joined(separator: [10]))
  }
}
