import CairnChunks
import CairnCore
import CairnCrypto
import SystemPackage

/// Consecutive entries of a backup on their way through a worker: some are known already, the
/// others are files that the worker reads.
///
/// Everything lies in a few flat arrays: a million small files are not a million objects.
struct FileBatch: Sendable {
  struct Item: Sendable {
    var keyLength: Int
    /// For an entry that is known: the lengths of its value and links.
    var valueLength = 0
    var linkLength = 0
    var weight: UInt64 = 0
    /// For a file that is to be read: its directory, its status, and its name's length.
    var directory: DirectoryHandle?
    var nameLength = 0
    var status: FileStatus?
  }

  private(set) var items: [Item] = []
  private(set) var keys: [UInt8] = []
  private(set) var values: [UInt8] = []
  private(set) var links: [UInt8] = []
  /// Each with its zero at the end.
  private(set) var names: [UInt8] = []
  /// How many bytes the files that are to be read seem to have.
  private(set) var readBytes: Int64 = 0

  var isEmpty: Bool { items.isEmpty }

  /// Some hundred files, or as many bytes as keep a worker busy for a millisecond or two.
  var isFull: Bool {
    items.count >= 256 || readBytes >= 2 << 20 || keys.count + values.count >= 256 << 10
  }

  mutating func append(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, links: UnsafeRawBufferPointer,
    weight: UInt64
  ) {
    items.append(
      Item(
        keyLength: key.count, valueLength: value.count, linkLength: links.count, weight: weight))
    keys.append(contentsOf: key)
    values.append(contentsOf: value)
    self.links.append(contentsOf: links)
  }

  mutating func append(
    key: UnsafeRawBufferPointer, fileName: UnsafePointer<CChar>, in directory: DirectoryHandle,
    status: FileStatus
  ) {
    let name = UnsafeBufferPointer(start: fileName, count: cStringLength(fileName) + 1)
    items.append(
      Item(
        keyLength: key.count, directory: directory, nameLength: name.count, status: status))
    keys.append(contentsOf: key)
    names.append(contentsOf: UnsafeRawBufferPointer(name))
    readBytes += status.size
  }
}

private func cStringLength(_ text: UnsafePointer<CChar>) -> Int {
  var count = 0
  while text[count] != 0 { count += 1 }
  return count
}

/// What became of a batch: entries ready for the tree, and what is to be said about the rest.
struct FileBatchResult: Sendable {
  var items: [FileBatch.Item] = []
  var keys: [UInt8] = []
  var values: [UInt8] = []
  var links: [UInt8] = []
  var problems: [FileProblem] = []
  /// How many files were described, and the sum of their sizes.
  var files: Int64 = 0
  var bytes: Int64 = 0
  /// The bytes that were read for that.
  var readBytes: Int64 = 0
  var failure: ChunkStoreError?
}
