import CairnChunks
import CairnCore
import CairnCrypto
import CairnIntern
import SystemPackage

/// An object of git, and where the repository holds it.
struct StoredObject: Hashable, Sendable {
  var kind: ObjectKind
  var id: ObjectID
  /// The root of a blob's content or of a directory's tree, or the chunk of a commit or tag.
  var chunk: ChunkID
  /// Of a content or a tree.
  var height = 0
  /// The length of a blob, or the number of a directory's entries.
  var size: UInt64 = 0
  /// The length of a directory as git writes it.
  var weight: UInt64 = 0
  /// The number of what a commit or tag leads to: the tree, or the object with the tag.
  var target: UInt32 = 0

  var content: Content { Content(root: chunk, byteCount: size, height: height) }
  var tree: EntryTree { EntryTree(root: chunk, height: height, count: size, weight: weight) }
}

extension StoredObject {
  init(blob id: ObjectID, _ content: Content) {
    self.init(
      kind: .blob, id: id, chunk: content.root, height: content.height, size: content.byteCount)
  }
}

/// All objects that are known, by their numbers and by their ids.
///
/// Memory: 28 bytes an object, and the blobs that are being stored. Where the others are stored is on
/// disk, in a file without a name, 76 bytes an object.
final class ObjectTable {
  private var numbers: DigestTable
  private let session: BlockingSession
  private let file: TemporaryFile
  /// Stores small blobs while the stream is read on.
  private let queue: ContentQueue
  /// The blobs in the queue, from ``firstPending`` on, the oldest first. They were added last of all
  /// objects, and have no records yet.
  private var pending: [ObjectID] = []
  private var firstPending = 0
  /// Records that are not in the file yet.
  private var tail: [UInt8] = []
  /// The records that are in the file.
  private var written: UInt32 = 0
  private(set) var count: UInt32 = 0

  private static let recordSize = 76
  private static let tailSize = 4096 * recordSize

  init(_ session: BlockingSession, temporaryFolder: FilePath) throws {
    self.session = session
    queue = ContentQueue(session)
    numbers = try DigestTable(digestLength: ObjectID.byteCount)
    file = try TemporaryFile(in: temporaryFolder)
  }

  /// The bytes of memory that the table takes.
  var byteCount: Int { numbers.byteCount + tail.capacity }

  func number(of id: ObjectID) -> UInt32? { id.withBytes { numbers.value(for: $0) } }

  /// The objects that have records; the others are blobs in the queue.
  private var recordedCount: UInt32 { count - UInt32(pending.count - firstPending) }

  func object(of id: ObjectID) throws -> StoredObject? {
    try number(of: id).map { try object($0) }
  }

  /// Adds an object, unless one of its id is there.
  ///
  /// - Returns: the number of the one that is there then.
  @discardableResult
  func add(_ object: StoredObject) throws -> UInt32 {
    let (number, isNew) = try addNumber(of: object.id)
    guard isNew else { return number }
    try settle()
    try record(object)
    return number
  }

  /// Adds a blob that is in memory, unless one of its id is there, and has it stored.
  func addBlob(_ id: ObjectID, _ bytes: RawSpan) throws -> (number: UInt32, isNew: Bool) {
    let (number, isNew) = try addNumber(of: id)
    guard isNew else { return (number, false) }
    if bytes.byteCount <= ContentQueue.maximumLength {
      pending.append(id)
      try queue.append(bytes) { try recordOldest($0) }
    } else {
      let content = try session.store(bytes)
      try settle()
      try record(StoredObject(blob: id, content))
    }
    return (number, true)
  }

  /// Waits until all blobs are stored.
  func settle() throws {
    guard !queue.isEmpty else { return }
    try queue.finish { try recordOldest($0) }
  }

  private func recordOldest(_ content: Content) throws {
    let id = pending[firstPending]
    firstPending += 1
    if firstPending * 2 >= pending.count {
      pending.removeFirst(firstPending)
      firstPending = 0
    }
    try record(StoredObject(blob: id, content))
  }

  private func addNumber(of id: ObjectID) throws -> (number: UInt32, isNew: Bool) {
    let number = count
    guard number < UInt32.max - 1 else { throw ImportError("there are too many objects") }
    if let known = try id.withBytes({ try numbers.insert(number, for: $0) }) {
      return (known, false)
    }
    count += 1
    return (number, true)
  }

  private func record(_ object: StoredObject) throws {
    append(object)
    if tail.count >= Self.tailSize {
      try file.descriptor.writeAll(
        toAbsoluteOffset: Int64(written) * Int64(Self.recordSize), tail)
      written += UInt32(tail.count / Self.recordSize)
      tail.removeAll(keepingCapacity: true)
    }
  }

  private func append(_ object: StoredObject) {
    withUnsafeTemporaryAllocation(byteCount: Self.recordSize, alignment: 8) { record in
      record.storeBytes(of: object.kind.rawValue, as: UInt8.self)
      record.storeBytes(of: UInt8(object.height), toByteOffset: 1, as: UInt8.self)
      record.storeBytes(of: 0, toByteOffset: 2, as: UInt16.self)
      record.storeBytes(of: object.target.littleEndian, toByteOffset: 4, as: UInt32.self)
      record.storeBytes(of: object.size.littleEndian, toByteOffset: 8, as: UInt64.self)
      record.storeBytes(of: object.weight.littleEndian, toByteOffset: 16, as: UInt64.self)
      let digests = UnsafeMutableRawBufferPointer(rebasing: record[24...])
      object.chunk.digest.withBytes { chunk in
        chunk.withUnsafeBytes { digests.copyMemory(from: $0) }
      }
      object.id.withBytes { id in
        let rest = UnsafeMutableRawBufferPointer(rebasing: digests[ChunkID.byteCount...])
        id.withUnsafeBytes { rest.copyMemory(from: $0) }
      }
      tail.append(contentsOf: record)
    }
  }

  /// What the object is; waits for no blob.
  ///
  /// - Precondition: there is an object of this number.
  func kind(of number: UInt32) throws -> ObjectKind {
    number < recordedCount ? try object(number).kind : .blob
  }

  /// - Precondition: there is an object of this number.
  func object(_ number: UInt32) throws -> StoredObject {
    precondition(number < count)
    if number >= recordedCount { try settle() }
    if number >= written {
      let start = Int(number - written) * Self.recordSize
      let tail = tail
      return try Self.decode(tail.span.bytes.extracting(start..<start + Self.recordSize))
    }
    let offset = Int64(number) * Int64(Self.recordSize)
    return try withUnsafeTemporaryAllocation(byteCount: Self.recordSize, alignment: 8) { record in
      guard try file.descriptor.read(fromAbsoluteOffset: offset, into: record) == record.count
      else { throw ImportError("the temporary file of objects was cut short") }
      return try Self.decode(UnsafeRawBufferPointer(record).bytes)
    }
  }

  /// Calls `body` with each object and its number.
  func forEach(_ body: (UInt32, StoredObject) throws -> Void) throws {
    for number in 0..<count { try body(number, try object(number)) }
  }

  private static func decode(_ record: RawSpan) throws -> StoredObject {
    var reader = BinaryReader(record)
    guard let kind = ObjectKind(rawValue: try reader.readUInt8()) else {
      throw ImportError("the temporary file of objects is damaged")
    }
    let height = Int(try reader.readUInt8())
    _ = try reader.read(UInt16.self)
    let target = try reader.read(UInt32.self)
    let size = try reader.read(UInt64.self)
    let weight = try reader.read(UInt64.self)
    let chunk = ChunkID(Digest(bytes: try reader.readBytes(ChunkID.byteCount)))
    let id = ObjectID(try reader.readBytes(ObjectID.byteCount))
    return StoredObject(
      kind: kind, id: id, chunk: chunk, height: height, size: size, weight: weight, target: target)
  }
}
