public import CairnChunks
import CairnCore
public import CairnTree
public import SystemPackage

/// A whole repository in one file.
///
/// The file holds two trees of `CairnTree`:
///
///     blobs    the name of each blob; its weight is the blob's size, its value is empty
///     parts    the name, a zero byte and the number of a part in 4 bytes, the first byte the highest:
///              the bytes of that part, 64 KiB or, in the last one, fewer
///
/// Each put and each deletion is a transaction that ends with a checkpoint: that makes it atomic and
/// durable. A transaction that is not committed, for instance because the source failed, has not
/// been. Room that deletions free is used again, and ``compact()`` gives it back.
///
/// One process at a time has the file open for writing; any number may read meanwhile.
public final class OneFileTarget: LocalTarget {
  public let name: String
  private let store: TreeStore

  private static let blobs = (name: "blobs", options: TreeOptions(isWeighted: true))
  private static let parts = (name: "parts", options: TreeOptions())
  /// What a repository reads at once; so a range costs no more than a part or two beside it.
  private static let partSize: Int64 = 64 << 10

  /// Opens a file, which is made if need be.
  ///
  /// - Throws: ``ChunkStoreError``: `.temporary` if another process has it open for writing.
  public convenience init(_ path: FilePath, isReadOnly: Bool = false) throws(ChunkStoreError) {
    do throws(TreeError) {
      let storage = try FileStorage(path, readOnly: isReadOnly)
      try self.init(on: storage, name: "\(path)", isReadOnly: isReadOnly)
    } catch {
      throw error.asStoreError("open", in: "\(path)")
    }
  }

  /// Opens a storage of any kind; a simulated one, for instance, whose power is cut.
  public init(
    on storage: any PageStorage, name: String, isReadOnly: Bool = false
  ) throws(TreeError) {
    self.name = name
    store = try TreeStore(on: storage, TreeStoreOptions(isReadOnly: isReadOnly))
  }

  // MARK: LocalTarget

  public func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    let key = Array(name.description.utf8)
    try calling("put", name) {
      // Whoever else wants to change something waits until this transaction ends.
      let writing = try store.beginWriting()
      let blobs = try writing.tree(Self.blobs.name, creating: Self.blobs.options)
      let parts = try writing.tree(Self.parts.name, creating: Self.parts.options)
      if let size = try blobs.weight(of: key.span.bytes) {
        guard try holds(parts, name, size: Int64(size), source) else {
          throw ChunkStoreError.conflict(name, in: self.name)
        }
        return
      }
      for number in 0..<Self.partCount(source.byteCount) {
        let part = try source.read(Self.range(number, of: source.byteCount))
        try parts.put(Self.key(name, number).span.bytes, part.span.bytes)
      }
      let none: [UInt8] = []
      try blobs.put(key.span.bytes, none.span.bytes, weight: UInt64(source.byteCount))
      try writing.commit(.checkpoint)
    }
  }

  public func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    let key = Array(name.description.utf8)
    return try calling("get", name) {
      // All that follows sees one state of the file, whatever others do meanwhile.
      let reading = try store.beginReading()
      guard let parts = try reading.treeIfExists(Self.parts.name),
        let size = try reading.treeIfExists(Self.blobs.name)?.weight(of: key.span.bytes)
      else { throw ChunkStoreError.missing(name) }
      let inside = (range ?? 0..<Int64.max).clamped(to: 0..<Int64(size))
      var bytes: [UInt8] = []
      guard !inside.isEmpty else { return bytes }
      for number in inside.lowerBound / Self.partSize...(inside.upperBound - 1) / Self.partSize {
        let whole = Self.range(number, of: Int64(size))
        let wanted = inside.clamped(to: whole)
        let part = try part(parts, name, number, count: whole.count)
        bytes +=
          part[
            Int(wanted.lowerBound - whole.lowerBound)..<Int(wanted.upperBound - whole.lowerBound)]
      }
      return bytes
    }
  }

  public func findSize(of name: BlobName) throws(ChunkStoreError) -> Int64? {
    let key = Array(name.description.utf8)
    return try calling("look for", name) {
      try store.beginReading().treeIfExists(Self.blobs.name)?.weight(of: key.span.bytes)
        .map { Int64($0) }
    }
  }

  public func names(
    _ prefix: String, after: BlobName?, limit: Int
  ) throws(ChunkStoreError) -> [BlobInfo] {
    try calling("list", nil) {
      guard let blobs = try store.beginReading().treeIfExists(Self.blobs.name) else { return [] }
      // The tree counts: a page of the listing is a range of ranks.
      let (low, high) = (Array(prefix.utf8), Array(prefix.utf8) + [0xFF])
      var ranks = try blobs.ranks(from: low.span.bytes, to: high.span.bytes)
      if let after {
        let key = Array(after.description.utf8)
        let start = max(ranks.lowerBound, try blobs.rank(behind: key.span.bytes))
        ranks = start..<max(start, ranks.upperBound)
      }
      return try blobs.entries(in: ranks.prefix(limit)).compactMap { entry in
        BlobName(String(decoding: entry.key, as: UTF8.self)).map {
          BlobInfo(name: $0, size: Int64(entry.weight))
        }
      }
    }
  }

  public func remove(_ name: BlobName) throws(ChunkStoreError) {
    let key = Array(name.description.utf8)
    try calling("delete", name) {
      let writing = try store.beginWriting()
      let blobs = try writing.tree(Self.blobs.name, creating: Self.blobs.options)
      guard try blobs.remove(key.span.bytes) else { return }
      let parts = try writing.tree(Self.parts.name, creating: Self.parts.options)
      let end = key + [1]
      try parts.remove(from: Self.key(name, 0).span.bytes, to: end.span.bytes)
      try writing.commit(.checkpoint)
    }
  }

  // MARK: Beyond the contract

  /// Makes the file shorter by what is free, as far as the rest finds room in front of it, while it is
  /// in use.
  ///
  /// - Returns: by how many bytes it is shorter.
  public func compact() throws(ChunkStoreError) -> Int64 {
    try calling("compact what is", nil) { try store.compact() }
  }

  /// The number of blobs, and of their bytes.
  public func total() throws(ChunkStoreError) -> (blobs: Int, bytes: UInt64) {
    try calling("count what is", nil) {
      guard let blobs = try store.beginReading().treeIfExists(Self.blobs.name) else {
        return (0, 0)
      }
      return (try blobs.count, try blobs.totalWeight)
    }
  }

  // MARK: Parts

  private static func partCount(_ size: Int64) -> Int64 { (size + partSize - 1) / partSize }

  private static func range(_ number: Int64, of size: Int64) -> Range<Int64> {
    number * partSize..<min(size, (number + 1) * partSize)
  }

  private static func key(_ name: BlobName, _ number: Int64) -> [UInt8] {
    // No name has a zero byte, so the parts of one blob lie together.
    name.description.utf8 + [0] + withUnsafeBytes(of: UInt32(number).bigEndian, Array.init)
  }

  private func part(
    _ parts: some OrderedTree, _ name: BlobName, _ number: Int64, count: Int
  ) throws -> [UInt8] {
    let bytes = try parts.value(for: Self.key(name, number).span.bytes)
    guard let bytes, bytes.count == count else {
      throw ChunkStoreError(
        .damaged, "part \(number) of \(name) in \(self.name) is not what was put", blob: name)
    }
    return bytes
  }

  private func holds(
    _ parts: some OrderedTree, _ name: BlobName, size: Int64, _ source: BlobSource
  ) throws -> Bool {
    guard size == source.byteCount else { return false }
    for number in 0..<Self.partCount(size) {
      let range = Self.range(number, of: size)
      guard try part(parts, name, number, count: range.count) == source.read(range) else {
        return false
      }
    }
    return true
  }

  // MARK: Errors

  /// Has what goes wrong be said in the words of a target.
  private func calling<Result>(
    _ operation: String, _ blob: BlobName?, _ body: () throws -> Result
  ) throws(ChunkStoreError) -> Result {
    do {
      return try body()
    } catch let error as ChunkStoreError {
      throw error
    } catch let error as TreeError {
      throw error.asStoreError(operation, in: name, blob)
    } catch {
      // The source: it would fail again.
      throw ChunkStoreError(
        .targetFailed, "cannot read what is to become \(blob.map { "\($0)" } ?? "a blob")",
        blob: blob, cause: error as? IOError)
    }
  }
}

extension TreeError {
  fileprivate func asStoreError(
    _ operation: String, in target: String, _ blob: BlobName? = nil
  ) -> ChunkStoreError {
    let code: ChunkStoreError.Code =
      switch self.code {
      case .busy: .temporary
      case .damaged: .damaged
      default: .targetFailed
      }
    let what = blob.map { " \($0)" } ?? ""
    return ChunkStoreError(
      code, "cannot \(operation)\(what) in \(target): \(message)", blob: blob, cause: cause)
  }
}
