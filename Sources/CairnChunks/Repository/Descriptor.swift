import CairnCore
import CairnCrypto

/// The blob `cairn`, by which a repository is known: text, so that a person who finds it can tell
/// what it is.
///
///     cairn repository
///     version 1
///     id <32 hexadecimal digits>
///     chunker fastcdc
///     fine <minimum> <average> <maximum> <length>
///     coarse <minimum> <average> <maximum>
///     block <bytes>
///     pack <bytes>
///     node <bytes>
///     sha256 <SHA-256 of the lines before, hexadecimal>
///
/// What ways in give repeats the id and holds the digest of the whole text, so that a descriptor that
/// somebody swapped is noticed by whoever opens the repository.
struct Descriptor: Hashable, Sendable {
  let id: RepositoryID
  let layout: RepositoryLayout

  static let version = 1

  var text: String {
    let chunker = layout.chunker
    let lines = """
      cairn repository
      version \(Self.version)
      id \(id)
      chunker fastcdc
      fine \(Self.text(of: chunker.fine)) \(chunker.fineLength)
      coarse \(Self.text(of: chunker.coarse))
      block \(layout.blockSize)
      pack \(layout.packSize)
      node \(layout.nodeSize)

      """
    return lines + "sha256 \(digest(of: lines))\n"
  }

  /// What ways in hold, so that another descriptor is noticed.
  var digest: Digest { SHA256.hash(of: Array(text.utf8).span.bytes) }

  private static func text(of sizes: FastCDC.Sizes) -> String {
    "\(sizes.minimum) \(sizes.average) \(sizes.maximum)"
  }

  private func digest(of lines: String) -> String {
    Self.digest(of: lines)
  }

  private static func digest(of lines: String) -> String {
    SHA256.hash(of: Array(lines.utf8).span.bytes).description
  }

  init(id: RepositoryID, layout: RepositoryLayout) {
    self.id = id
    self.layout = layout
  }

  /// - Throws: ``ChunkStoreError/Code/newerFormat`` or ``ChunkStoreError/Code/damaged``.
  init(_ bytes: [UInt8]) throws(ChunkStoreError) {
    let text = String(decoding: bytes.prefix(4096), as: UTF8.self)
    var fields: [Substring: [Substring]] = [:]
    for line in text.split(separator: "\n").dropFirst() {
      let words = line.split(separator: " ")
      fields[words.first ?? ""] = Array(words.dropFirst())
    }
    guard text.hasPrefix("cairn repository\n"), let version = fields["version"]?.first else {
      throw .damaged(.descriptor, "it does not describe a repository")
    }
    if let number = Int(version), number > Self.version,
      text.hasSuffix(Self.checksumLine(for: text))
    {
      throw ChunkStoreError(
        .newerFormat,
        "the repository has format \(number), and this program knows formats up to "
          + "\(Self.version); use a newer version of the program",
        blob: .descriptor)
    }
    func number(_ name: Substring, _ position: Int = 0) -> Int? {
      guard let words = fields[name], words.count > position else { return nil }
      return Int(words[position])
    }
    func sizes(_ name: Substring) -> FastCDC.Sizes? {
      guard let minimum = number(name, 0), let average = number(name, 1),
        let maximum = number(name, 2)
      else { return nil }
      return FastCDC.Sizes(minimum: minimum, average: average, maximum: maximum)
    }
    guard let idText = fields["id"]?.first, let id = RepositoryID(String(idText)),
      fields["chunker"]?.first == "fastcdc", let fine = sizes("fine"),
      let coarse = sizes("coarse"), let fineLength = number("fine", 3), fineLength >= 0,
      let block = number("block"), let pack = number("pack"), let node = number("node"),
      let layout = RepositoryLayout(
        chunker: FastCDC.Parameters(
          fine: fine, coarse: coarse, fineLength: UInt64(fineLength)),
        blockSize: block, packSize: pack, nodeSize: node)
    else { throw .damaged(.descriptor, "its fields make no sense") }
    self.id = id
    self.layout = layout
    // Whatever was not understood, or changed, makes the text differ from what would be written.
    guard Array(self.text.utf8) == bytes else {
      throw .damaged(.descriptor, "it does not have the checksum that it names")
    }
  }

  private static func checksumLine(for text: String) -> String {
    guard let start = text.range(ofLast: "sha256 ") else { return "\n\n" }
    return "sha256 \(digest(of: String(text[..<start])))\n"
  }
}

extension String {
  fileprivate func range(ofLast word: String) -> Index? {
    var end = endIndex
    while end > startIndex {
      end = index(before: end)
      if self[end...].hasPrefix(word) { return end }
    }
    return nil
  }
}

/// The random name of a repository: 16 bytes, in text 32 hexadecimal digits.
public struct RepositoryID: Hashable, Sendable, LosslessStringConvertible, Codable {
  public let description: String

  public init?(_ description: String) {
    guard description.utf8.count == 32,
      description.utf8.allSatisfy({
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      })
    else { return nil }
    self.description = description
  }

  static func random() throws(ChunkStoreError) -> RepositoryID {
    do {
      return RepositoryID(hex(try SecureRandom.bytes(16)))!
    } catch {
      throw .sealing(error)
    }
  }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(
    decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
