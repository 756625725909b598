import CairnCrypto

/// The name of a blob on a target: folders and a last part, separated by "/".
///
/// A name consists of the letters a to z, digits, "-", "_" and "." and is at most 200 bytes long;
/// no part is empty or begins with ".". So it is valid as a path, as an object's key and in a URL.
public struct BlobName: Hashable, Comparable, Sendable, Codable, LosslessStringConvertible {
  public let description: String

  public init?(_ description: String) {
    guard Self.isValid(description) else { return nil }
    self.description = description
  }

  private init(known name: String) {
    description = name
  }

  private static func isValid(_ name: String) -> Bool {
    guard (1...200).contains(name.utf8.count) else { return false }
    var previous = UInt8(ascii: "/")
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"):
        break
      case UInt8(ascii: "."), UInt8(ascii: "/"):
        if previous == UInt8(ascii: "/") { return false }
      default:
        return false
      }
      previous = byte
    }
    return previous != UInt8(ascii: "/")
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard Self.isValid(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not the name of a blob: \(text)")
    }
    description = text
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// Bytewise.
  public static func < (left: BlobName, right: BlobName) -> Bool {
    // All is ASCII, so the order of text is that of bytes, and compared without decoding.
    left.description < right.description
  }

  /// The part after the last "/".
  public var lastPart: Substring {
    description[
      (description.lastIndex(of: "/").map(description.index(after:)) ?? description.startIndex)...]
  }

  /// The digest that ends the name of a blob that is named by its content.
  var contentDigest: Digest? {
    Digest(String(lastPart.suffix(64)))
  }
}

extension BlobName {
  static let descriptor = BlobName(known: "cairn")

  static func pack(_ digest: Digest) -> BlobName {
    let hex = digest.description
    return BlobName(known: "packs/\(hex.prefix(2))/\(hex)")
  }

  static func index(_ digest: Digest) -> BlobName {
    BlobName(known: "index/\(digest)")
  }

  static func root(_ digest: Digest) -> BlobName {
    BlobName(known: "roots/\(digest)")
  }

  /// - Parameter label: letters a to z, digits and "-".
  static func announcement(in folder: String, _ label: String, _ digest: Digest) -> BlobName {
    BlobName(known: "\(folder)\(label)-\(digest)")
  }

  /// - Parameter label: 1 to 64 letters a to z, digits and "-".
  static func key(label: String, _ digest: Digest) -> BlobName {
    BlobName(known: "keys/\(label)-\(digest)")
  }
}

extension BlobName {
  /// What the way in of that digest gives.
  static func access(of key: Digest, _ digest: Digest) -> BlobName {
    BlobName(known: "access/\(key)-\(digest)")
  }
}

/// The folders of a repository.
enum BlobFolder {
  static let packs = "packs/"
  static let index = "index/"
  static let roots = "roots/"
  static let keys = "keys/"
  static let access = "access/"
  static let sessions = "sessions/"
  static let condemned = "condemned/"

  /// All but that of the packs.
  static let small = [keys, access, index, roots, sessions, condemned]
}
