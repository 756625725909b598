import CairnChunks
import CairnTestKit

/// A target that is being examined, and one check's folder in it.
struct TargetSubject: Sendable {
  typealias Check = @Sendable (TargetSubject) async throws -> Void

  /// What is examined.
  let target: any Target
  /// What fills the place; the same, unless that can only be read.
  let writer: any Target
  /// Ends with "/".
  let folder: String
  let isReadOnly: Bool
  let openAgain: TargetConformance.View?
  let options: TargetConformance.Options

  func name(_ text: String) throws -> BlobName {
    guard let name = BlobName(folder + text) else { throw Broken("no name: \(folder)\(text)") }
    return name
  }

  func requireWriting() throws {
    if isReadOnly { throw Skipped(reason: "it can only be read") }
  }

  func requireDeleting() throws {
    try requireWriting()
    if !options.canDelete { throw Skipped(reason: "it does not delete") }
  }

  /// Leaves nothing behind, as far as that can be done.
  func removeAll() async {
    guard options.canDelete, let blobs = try? await list(writer) else { return }
    try? await inParallel(blobs) { blob in try await writer.delete(blob.name) }
  }

  // MARK: What is expected

  /// Tries until `body` does not throw, as long as the target may lag.
  func settle<Result>(_ body: () async throws -> Result) async throws -> Result {
    let start = ContinuousClock.now
    while true {
      do {
        return try await body()
      } catch {
        guard start.duration(to: .now) < options.lag else { throw error }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  /// All calls find the blob.
  func expectBlob(
    _ name: BlobName, _ bytes: [UInt8], on target: (any Target)? = nil
  ) async throws {
    let target = target ?? self.target
    try await settle {
      let size = try await target.size(of: name)
      try expect(
        size == Int64(bytes.count),
        "the size of \(name), which has \(bytes.count) bytes, is told as \(size.orNone)")
      let found = try await target.get(name, range: nil)
      try expectEqual(found, bytes, "the blob \(name)")
      let listed = try await listed(name, target)
      try expect(
        listed == [Int64(bytes.count)],
        "the blob \(name) of \(bytes.count) bytes is listed with the sizes \(listed)")
    }
  }

  /// No call finds the blob.
  func expectAbsent(_ name: BlobName, on target: (any Target)? = nil) async throws {
    let target = target ?? self.target
    try await settle {
      let size = try await target.size(of: name)
      try expect(size == nil, "the size of \(name), which is not there, is told as \(size.orNone)")
      for range in [nil, 0..<1] as [Range<Int64>?] {
        let error = try await expectError([.missing], "reading \(name), which is not there,") {
          () async throws(ChunkStoreError) in _ = try await target.get(name, range: range)
        }
        try expect(error.blob == name, "the error does not name the blob \(name): \(error)")
      }
      let listed = try await listed(name, target)
      try expect(listed.isEmpty, "\(name), which is not there, is listed")
    }
  }

  /// The listing of the check's folder has these names and no others.
  func expectListing(_ names: [BlobName], on target: (any Target)? = nil) async throws {
    try await settle {
      try expectNames(try await list(target ?? self.target).map(\.name), names)
    }
  }

  func expectNames(_ found: [BlobName], _ expected: [BlobName]) throws {
    guard found != expected else { return }
    let (missing, extra) = (Set(expected).subtracting(found), Set(found).subtracting(expected))
    if let name = missing.min() {
      throw Broken("of \(expected.count) blobs, \(missing.count) are not listed, such as \(name)")
    }
    if let name = extra.min() {
      throw Broken("\(extra.count) blobs are listed that are not there, such as \(name)")
    }
    throw Broken("the names are not listed in order, each once: \(found.prefix(20))")
  }

  @discardableResult
  func expectError(
    _ codes: [ChunkStoreError.Code], _ what: String,
    _ body: () async throws(ChunkStoreError) -> Void
  ) async throws -> ChunkStoreError {
    do throws(ChunkStoreError) {
      try await body()
    } catch {
      let expected = codes.map(\.description).joined(separator: " or ")
      try expect(
        codes.contains(error.code), "\(what) fails with \(error.code), not \(expected): \(error)")
      return error
    }
    throw Broken("\(what) succeeds")
  }

  // MARK: Calls

  /// Puts what the check needs.
  func fill(_ name: BlobName, _ bytes: [UInt8]) async throws {
    try await writer.put(name, BlobSource(bytes))
  }

  /// All blobs of the check's folder, or of a part of it, in pages.
  func list(
    _ target: any Target, _ below: String = "", pageSize: Int = 1000
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    var all: [BlobInfo] = []
    while true {
      let page = try await target.list(folder + below, after: all.last?.name, limit: pageSize)
      all += page
      guard page.count >= pageSize else { return all }
      // A listing that does not go on would never end.
      if let last = page.last?.name, let before = all.dropLast(page.count).last?.name,
        last <= before
      {
        return all
      }
    }
  }

  /// The sizes with which a blob is in the listing of the folder that it is in.
  func listed(_ name: BlobName, _ target: any Target) async throws(ChunkStoreError) -> [Int64] {
    let below = name.description.dropLast(name.lastPart.count).dropFirst(folder.count)
    return try await list(target, String(below)).filter { $0.name == name }.map(\.size)
  }

  /// As many at once as the options say.
  func inParallel<Item: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, item) in items.enumerated() {
        if number >= options.concurrency { try await group.next() }
        group.addTask { try await body(item) }
      }
      try await group.waitForAll()
    }
  }
}

/// Says where two sequences of bytes differ.
func expectEqual(_ found: [UInt8], _ expected: [UInt8], _ what: String) throws {
  guard found != expected else { return }
  let same = zip(found, expected).prefix { $0 == $1 }.count
  throw Broken(
    "\(what) has \(found.count) bytes, of which the first \(same) are right; "
      + "\(expected.count) are expected")
}

extension Optional where Wrapped == Int64 {
  var orNone: String { map(String.init) ?? "none" }
}
