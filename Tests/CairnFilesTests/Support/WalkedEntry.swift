import CairnCore
import CairnFiles

/// What a walk told of one entry, kept.
struct WalkedEntry: Equatable {
  var key: [UInt8]
  var kind: FileKind
}

struct WalkOutcome {
  var entries: [WalkedEntry] = []
  var problems: [IOError] = []
  var mostOpenDirectories = 0

  var keys: [[UInt8]] { entries.map(\.key) }
  /// The keys as text with slashes, for names that are text.
  var paths: [String] { keys.map { text($0) } }
}

func text(_ key: [UInt8]) -> String {
  String(decoding: key.map { $0 == 0 ? UInt8(ascii: "/") : $0 }, as: UTF8.self)
}

func key(_ path: String) -> [UInt8] {
  path.utf8.map { $0 == UInt8(ascii: "/") ? 0 : $0 }
}

extension [UInt8] {
  /// Calls `body` with the bytes; spans of temporaries end too early otherwise.
  func asSpan<Result: ~Copyable>(_ body: (RawSpan) throws -> Result) rethrows -> Result {
    try body(self.span.bytes)
  }
}

/// Walks to the end; `visit` runs at each entry.
func walk(
  _ roots: [WalkRoot], _ options: WalkOptions = WalkOptions(),
  visit: (borrowing SortedWalk) throws -> Void = { _ in }
) throws -> WalkOutcome {
  var outcome = WalkOutcome()
  var walk = try SortedWalk(roots, options: options)
  while let event = walk.next() {
    switch event {
    case .entry:
      outcome.entries.append(WalkedEntry(key: Array(walk.key), kind: walk.status.kind))
      outcome.mostOpenDirectories = max(outcome.mostOpenDirectories, walk.openDirectoryCount)
      try visit(walk)
    case .problem(let error):
      outcome.problems.append(error)
    }
  }
  return outcome
}
