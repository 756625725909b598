import CairnCrypto

@testable import CairnChunks

/// A repository whose secrets are known, for what must come out the same each time.
enum FixedSecrets {
  static let descriptor = Descriptor(
    id: RepositoryID("00112233445566778899aabbccddeeff")!, layout: .standard)

  /// The text of a way in, as the format has it.
  static let accessText = """
    # cairn access 1
    # repository 00112233445566778899aabbccddeeff
    # descriptor \(SHA256.hash(of: Array(descriptor.text.utf8).span.bytes))
    # access owner
    # id-key 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
    # chunker-key ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff
    # opens packs and roots
    AGE-SECRET-KEY-1AU7WTHXHLPD0HTEMKXT8DM62KYMHG03C2CZUSEXMJM9V4PPH58KQUKFYL7
    # opens index blobs
    AGE-SECRET-KEY-1MLT24G68TYR0L4HW3VW9EXGT6VWE3W592LEDEFUPRD77WMVY7H5QWLN4GA

    """

  static let access = try! Access(
    SecretBytes(utf8: accessText), for: descriptor, in: BlobName(named: "keys/fixed"))!

  static let packIdentity = access.packIdentity!

  static func id(_ byte: UInt8) -> ChunkID {
    ChunkID(Digest(bytes: [UInt8](repeating: byte, count: 32).span.bytes))
  }
}

extension SecretBytes {
  /// A copy for a test to look at.
  var exposed: [UInt8] { withUnsafeBytes { Array($0) } }
}
