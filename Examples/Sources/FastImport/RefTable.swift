import CairnChunks
import CairnCore

/// The refs of a snapshot, as they are stored: an ``EntryTree`` of names, each with what it leads to.
///
/// A snapshot's chunk has one link, to that tree. Its data:
///
///     4 bytes   "GITH"
///     1 byte    the version: 1
///     1 byte    the height of the tree
///     varint    the number of refs
///
/// The value of an entry is a reference as commits and tags have it; its link is the object.
enum RefTable {
  private static let magic = Array("GITH".utf8)
  private static let version: UInt8 = 1

  static func store(_ refs: [[UInt8]: StoredObject], _ session: BlockingSession) throws -> ChunkID {
    let entries = refs.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { name, object in
      Entry(key: name, value: ObjectReference(object).encoded, links: [object.chunk])
    }
    let tree = try session.store(sortedEntries: entries)
    var data = BinaryWriter()
    data.append(magic)
    data.append(version)
    data.append(UInt8(tree.height))
    data.append(varint: tree.count)
    return try session.store(Chunk(links: [tree.root], data: data.bytes))
  }

  static func load(
    _ chunk: ChunkID, _ reader: BlockingReader
  ) throws -> [(name: [UInt8], object: StoredObject)] {
    let chunk = try reader.chunk(chunk)
    guard chunk.data.starts(with: magic), let root = chunk.links.first else {
      throw ImportError("the snapshot is not a history that fast-import stored")
    }
    var fields = BinaryReader(chunk.data.span.bytes)
    _ = try fields.readBytes(magic.count)
    guard try fields.readUInt8() == version else {
      throw ImportError("the snapshot has a newer format; update this program")
    }
    let height = Int(try fields.readUInt8())
    let tree = EntryTree(root: root, height: height, count: try fields.readVarint(), weight: 0)
    var refs: [(name: [UInt8], object: StoredObject)] = []
    try reader.forEachEntry(of: tree) { entry in
      let entry = entry.entry
      guard let link = entry.links.first else {
        throw ImportError("the ref \(entry.key.text) leads nowhere")
      }
      let reference = try ObjectReference.decode(entry.value.span.bytes, link: link)
      refs.append((entry.key, reference.object))
      return true
    }
    return refs
  }

  /// Whether git takes the name for a ref.
  static func isValid(_ name: some Collection<UInt8>) -> Bool {
    let parts = name.split(separator: Byte.slash, omittingEmptySubsequences: false)
    for part in parts {
      guard let first = part.first, first != UInt8(ascii: "."), !part.suffix(5).equals(".lock")
      else { return false }
      var last: UInt8 = 0
      for byte in part {
        if byte < 0x21 || byte == 0x7F || "~^:?*[\\".utf8.contains(byte) { return false }
        if last == UInt8(ascii: "."), byte == UInt8(ascii: ".") { return false }
        if last == UInt8(ascii: "@"), byte == UInt8(ascii: "{") { return false }
        last = byte
      }
    }
    guard let end = name.reversed().first else { return false }
    return end != UInt8(ascii: ".") && !name.equals("@")
  }
}
