import CairnCore
import SystemPackage
import Testing

@testable import CairnFiles

@Suite struct WalkAheadTests {
  /// What a walk says of an entry, or that it met a problem.
  private struct Found: Equatable {
    var key: [UInt8]
    var name: [UInt8] = []
    /// Not all of its status: to list a directory changes when it was read last.
    var inode: UInt64?
    var changeTime: Int64 = 0
    var isEntered = false
  }

  private func findings(of walk: consuming SortedWalk) -> [Found] {
    var found: [Found] = []
    while let event = walk.next() {
      switch event {
      case .problem:
        found.append(Found(key: Array(walk.key)))
      case .entry:
        found.append(
          Found(
            key: Array(walk.key), name: Array(walk.fileName), inode: walk.status.inode,
            changeTime: walk.status.changeTime, isEntered: walk.directory != nil))
      }
    }
    return found
  }

  private func findings(of batch: WalkBatch) throws -> [Found] {
    try batch.items.map { item in
      let key = Array(batch.keys[item.key])
      guard case .entry(let entry) = item.finding else { return Found(key: key) }
      // The name leads from the directory that comes with it to what was found.
      let (name, status) = try batch.withFileName(of: entry) {
        (Array(String(cString: $0).utf8), try entry.parent.descriptor.status(of: $0))
      }
      #expect(status.isSameFile(as: entry.status))
      return Found(
        key: key, name: name, inode: entry.status.inode, changeTime: entry.status.changeTime,
        isEntered: entry.directory != nil)
    }
  }

  @Test(arguments: [1, 20, 400])
  func findsWhatTheWalkFinds(openDirectories: Int) throws {
    let directory = try TemporaryDirectory(inMemory: true)
    let seed = UInt64.random(in: 1 ... .max)
    try directory.makeRandomTree(in: "r", files: 1500, seed: seed)
    let roots = [
      try WalkRoot(directory.path + "/r", name: "r"),
      try WalkRoot(directory.path + "/missing", name: "m"),
    ]
    let expected = findings(of: try SortedWalk(roots))
    #expect(expected.contains { $0.inode == nil })
    let ahead = WalkAhead(
      try SortedWalk(roots), keyLimit: 4096, openDirectories: openDirectories)
    var found: [Found] = []
    while let batch = ahead.next() {
      #expect(batch.items.allSatisfy { $0.isKeyWhole })
      found += try findings(of: batch)
    }
    #expect(found == expected, "seed \(seed)")
    #expect(ahead.next() == nil)
  }

  @Test func keepsFewDirectoriesOpen() throws {
    let directory = try TemporaryDirectory(inMemory: true)
    try directory.makeDirectory("r")
    for number in 0..<300 {
      try directory.makeDirectory("r/\(number)")
      try directory.write(to: "r/\(number)/file")
    }
    let ahead = WalkAhead(
      try SortedWalk([WalkRoot(directory.path + "/r", name: "r")]), keyLimit: 4096,
      openDirectories: 20)
    var most = 0
    var count = 0
    while let batch = ahead.next() {
      count += batch.items.count
      most = max(most, ahead.openDirectoryCount)
    }
    #expect(count == 601)
    // Beside those that were found: the root's parent, and the way to the current entry.
    #expect((2...30).contains(most))
    ahead.stop()
    #expect(ahead.openDirectoryCount == 0)
  }

  @Test func cutsLongKeysAndLeavesOutWhatIsBelow() throws {
    let directory = try TemporaryDirectory(inMemory: true)
    try directory.makeDirectory("r")
    try directory.makeDirectory("r/abc")
    try directory.makeDirectory("r/abc/def")
    try directory.write(to: "r/abc/def/file")
    try directory.write(to: "r/x")
    let ahead = WalkAhead(
      try SortedWalk([WalkRoot(directory.path + "/r", name: "r")]), keyLimit: 6,
      openDirectories: 20)
    var found: [(String, Bool)] = []
    while let batch = ahead.next() {
      found += batch.items.map { (text(Array(batch.keys[$0.key])), $0.isKeyWhole) }
    }
    #expect(found.map(\.0) == ["r", "r/abc", "r/abc/", "r/x"])
    #expect(found.map(\.1) == [true, true, false, true])
  }

  @Test func stopsBeforeTheEnd() throws {
    let directory = try TemporaryDirectory(inMemory: true)
    try directory.makeDirectory("r")
    for number in 0..<2000 { try directory.write(to: "r/\(number)") }
    do {
      let ahead = WalkAhead(
        try SortedWalk([WalkRoot(directory.path + "/r", name: "r")]), keyLimit: 4096,
        openDirectories: 20)
      #expect(ahead.next()?.items.count == 256)
      ahead.stop()
      #expect(ahead.next() == nil)
    }
  }
}
