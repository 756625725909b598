import CairnCore
import CairnCrypto
import Testing

@Suite(
  "The C2SP age vectors",
  .enabled(if: AgeVector.folder != nil, "CAIRN_AGE_VECTORS does not name their folder"))
struct AgeVectorTests {
  /// Those that need no post-quantum key, or all where libcrypto has those.
  static let usable = AgeVector.all.filter {
    !$0.needsPostQuantum || PostQuantumIdentity.isSupported
  }

  @Test func thereAreAny() {
    #expect(Self.usable.count > 30)
    #expect(Self.usable.contains { $0.isArmored })
  }

  @Test(arguments: usable)
  func vector(vector: AgeVector) throws {
    let identities: [any Identity] =
      try vector.identities.map { try Age.identity(SecretBytes(utf8: $0)) }
      + vector.passphrases.map { ScryptIdentity(passphrase: SecretBytes(utf8: $0)) }
    // Many small pieces of a long file take their time, and say nothing new.
    let pieceSizes = [1, 7, 1000, 1_000_000].filter { vector.file.count / $0 < 10_000 }
    for pieceSize in pieceSizes {
      var output = MemoryWriter()
      let input = PiecemealReader(vector.file, pieceSize: pieceSize)
      let error = failure {
        try Age.open(from: input, to: &output, identities: identities)
      }
      #expect(vector.expectation.allows(error), "\(pieceSize): \(String(describing: error))")
      if let payload = vector.payload {
        #expect(SHA256.hash(of: output.bytes.span.bytes).description == payload)
      } else {
        #expect(output.bytes == [])
      }
    }
    var plain: [UInt8]?
    let error = failure { plain = try Age.open(vector.file, with: identities) }
    #expect(vector.expectation.allows(error), "\(String(describing: error))")
    #expect(plain.map { SHA256.hash(of: $0.span.bytes).description == vector.payload } ?? true)
  }

  private func failure(of body: () throws -> Void) -> (any Error)? {
    do {
      try body()
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: usable.filter { $0.isArmored && $0.expectation != .armorFailure })
  func armorIsWrittenAsItWasRead(vector: AgeVector) throws {
    let text = Armor.encode(try Armor.decode(vector.file))
    let lines = String(decoding: vector.file, as: UTF8.self).split(whereSeparator: \.isNewline)
      .filter { !$0.allSatisfy(\.isWhitespace) }
    #expect(String(decoding: text, as: UTF8.self) == lines.joined(separator: "\n") + "\n")
  }

  @Test(arguments: usable.filter { $0.hasHeader })
  func headerIsWrittenAsItWasRead(vector: AgeVector) throws {
    let file = vector.isArmored ? try Armor.decode(vector.file) : vector.file
    let header = try #require(try Header.parse(file.span.bytes))
    let fileKey = try FileKey(SecretBytes(vector.fileKey))
    let again = try Header.seal(fileKey, to: [StubRecipient(header.stanzas)])
    if vector.expectation == .hmacFailure {
      #expect(again.bytes != header.bytes)
    } else {
      #expect(again.bytes == header.bytes)
    }
  }
}

extension AgeVector {
  fileprivate var hasHeader: Bool {
    expectation != .headerFailure && expectation != .armorFailure
  }
}

extension AgeVector.Expectation {
  /// Whether this is how opening should end.
  fileprivate func allows(_ error: (any Error)?) -> Bool {
    let codes: Set<CryptoError.Code?> =
      switch self {
      case .success: [nil]
      case .noMatch: [.noIdentityMatched]
      case .hmacFailure: [.headerMAC]
      case .headerFailure: [.header, .workFactor, .limit]
      case .armorFailure: [.armor]
      case .payloadFailure: [.payload, .truncated]
      }
    guard let error else { return codes.contains(nil) }
    return codes.contains((error as? CryptoError)?.code) && error is CryptoError
  }
}
