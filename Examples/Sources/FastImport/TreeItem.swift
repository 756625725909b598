import CairnChunks
import CairnCore

/// What an entry of a directory is, as git's trees say it.
enum Mode: UInt16, Sendable {
  case regular = 0o100644
  case executable = 0o100755
  case link = 0o120000
  case directory = 0o040000
  case submodule = 0o160000

  /// As in a tree object: octal, without zeros in front.
  var octal: String {
    switch self {
    case .regular: "100644"
    case .executable: "100755"
    case .link: "120000"
    case .directory: "40000"
    case .submodule: "160000"
    }
  }

  /// - Parameter text: octal, of six digits, or three for the permissions of a file.
  init?(_ text: some Collection<UInt8>) {
    guard (1...6).contains(text.count), text.allSatisfy({ (0x30...0x37).contains($0) }),
      let value = UInt16(text.text, radix: 8)
    else { return nil }
    switch value {
    case 0o644: self = .regular
    case 0o755: self = .executable
    default: self.init(rawValue: value)
    }
  }

  /// The type of object that it leads to.
  var kind: ObjectKind {
    switch self {
    case .regular, .executable, .link: .blob
    case .directory: .tree
    case .submodule: .commit
    }
  }
}

/// Something in a directory.
///
/// A directory is an ``EntryTree``. The key of an entry is its name, followed by "/" if it is a
/// directory, so that the order is that of git's trees. Its weight is what it adds to the length of
/// the directory as git writes it, and its value:
///
///     2 bytes   the mode
///     20 bytes  the id of the object
///     1 byte    the height of the content or tree
///     varint    the length of the content, or the number of the tree's entries
///     varint    of a directory, its length as git writes it
///
/// The link is the root of the content or tree. A submodule ends behind the id and has no link.
struct TreeItem: Hashable, Sendable {
  let mode: Mode
  let id: ObjectID
  /// `nil` for a submodule, whose commit is in another repository.
  let object: StoredObject?

  init(_ mode: Mode, _ object: StoredObject) {
    self.mode = mode
    id = object.id
    self.object = object
  }

  init(submodule id: ObjectID) {
    mode = .submodule
    self.id = id
    object = nil
  }

  static func key(_ name: [UInt8], isDirectory: Bool) -> [UInt8] {
    isDirectory ? name + [Byte.slash] : name
  }

  func entry(_ name: [UInt8]) -> Entry {
    var value = BinaryWriter()
    value.append(mode.rawValue)
    value.append(id.bytes)
    if let object {
      value.append(UInt8(object.height))
      value.append(varint: object.size)
      if mode == .directory { value.append(varint: object.weight) }
    }
    // Mode, space, name, zero, id.
    let weight = mode.octal.utf8.count + 1 + name.count + 1 + ObjectID.byteCount
    return Entry(
      key: Self.key(name, isDirectory: mode == .directory), value: value.bytes,
      links: object.map { [$0.chunk] } ?? [], weight: UInt64(weight))
  }

  init(_ entry: Entry) throws {
    do {
      var reader = BinaryReader(entry.value.span.bytes)
      guard let mode = Mode(rawValue: try reader.read(UInt16.self)) else {
        throw ImportError("a mode that git does not have")
      }
      let id = ObjectID(try reader.readBytes(ObjectID.byteCount))
      if mode == .submodule {
        self.init(submodule: id)
      } else {
        guard let chunk = entry.links.first else { throw ImportError("no link") }
        let height = Int(try reader.readUInt8())
        let size = try reader.readVarint()
        let weight = mode == .directory ? try reader.readVarint() : 0
        self.init(
          mode,
          StoredObject(
            kind: mode.kind, id: id, chunk: chunk, height: height, size: size, weight: weight))
      }
      guard reader.isAtEnd else { throw ImportError("bytes behind its end") }
    } catch {
      throw ImportError("the entry \(entry.key.text) of a directory is damaged: \(error)")
    }
  }
}

extension Entry {
  /// The name of what a directory holds.
  var name: [UInt8] { key.last == Byte.slash ? key.dropLast() : key }
}
