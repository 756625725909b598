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

/// All objects that are known, by their numbers and by their ids.
///
/// Memory: 28 bytes an object. Where it is stored is on disk, in a file without a name, 76 bytes an
/// object.
final class ObjectTable {
  private var numbers: DigestTable
  private let file: TemporaryFile
  /// Records that are not in the file yet.
  private var tail: [UInt8] = []
  /// The records that are in the file.
  private var written: UInt32 = 0
  private(set) var count: UInt32 = 0

  private static let recordSize = 76
  private static let tailSize = 4096 * recordSize

  init(temporaryFolder: FilePath) throws {
    numbers = try DigestTable(digestLength: ObjectID.byteCount)
    file = try TemporaryFile(in: temporaryFolder)
  }

  /// The bytes of memory that the table takes.
  var byteCount: Int { numbers.byteCount + tail.capacity }

  func number(of id: ObjectID) -> UInt32? { id.withBytes { numbers.value(for: $0) } }

  func object(of id: ObjectID) throws -> StoredObject? {
    try number(of: id).map { try object($0) }
  }

  /// Adds an object, unless one of its id is there.
  @discardableResult
  func add(_ object: StoredObject) throws -> UInt32 {
    try number(of: object.id) ?? addNew(object)
  }

  /// Adds an object.
  ///
  /// - Precondition: none of its id is there.
  @discardableResult
  func addNew(_ object: StoredObject) throws -> UInt32 {
    let number = count
    guard number < UInt32.max - 1 else { throw ImportError("there are too many objects") }
    try object.id.withBytes { _ = try numbers.updateValue(number, for: $0) }
    append(object)
    count += 1
    if tail.count >= Self.tailSize {
      try file.descriptor.writeAll(
        toAbsoluteOffset: Int64(written) * Int64(Self.recordSize), tail)
      written = count
      tail.removeAll(keepingCapacity: true)
    }
    return number
  }

  private func append(_ object: StoredObject) {
    tail.append(object.kind.rawValue)
    tail.append(UInt8(object.height))
    append(UInt16(0))
    append(object.target)
    append(object.size)
    append(object.weight)
    object.chunk.digest.withBytes { append($0) }
    object.id.withBytes { append($0) }
  }

  private func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { tail.append(contentsOf: $0) }
  }

  private func append(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { tail.append(contentsOf: $0) }
  }

  /// - Precondition: there is an object of this number.
  func object(_ number: UInt32) throws -> StoredObject {
    precondition(number < count)
    if number >= written {
      let start = Int(number - written) * Self.recordSize
      return try Self.decode(Array(tail[start..<start + Self.recordSize]))
    }
    var record = [UInt8](repeating: 0, count: Self.recordSize)
    let offset = Int64(number) * Int64(Self.recordSize)
    let read = try record.withUnsafeMutableBytes { buffer in
      try file.descriptor.read(fromAbsoluteOffset: offset, into: buffer)
    }
    guard read == Self.recordSize else {
      throw ImportError("the temporary file of objects was cut short")
    }
    return try Self.decode(record)
  }

  /// Calls `body` with each object and its number.
  func forEach(_ body: (UInt32, StoredObject) throws -> Void) throws {
    for number in 0..<count { try body(number, try object(number)) }
  }

  private static func decode(_ record: [UInt8]) throws -> StoredObject {
    var reader = BinaryReader(record.span.bytes)
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
