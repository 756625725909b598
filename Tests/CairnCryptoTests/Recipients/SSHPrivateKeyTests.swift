import Foundation
import Testing

@testable import CairnCrypto

@Suite("SSH private keys")
struct SSHPrivateKeyTests {
  private let passphrase = SecretBytes(utf8: GoldenSSH.passphrase)

  private func body(_ text: String) throws -> [UInt8] {
    try PEM(SecretBytes(utf8: text)).body.revealed
  }

  private func text(_ label: String, _ body: [UInt8]) -> SecretBytes {
    let base64 = Data(body).base64EncodedString()
    return SecretBytes(utf8: "-----BEGIN \(label)-----\n\(base64)\n-----END \(label)-----\n")
  }

  @Test func knowsItsPublicHalf() throws {
    let ed25519 = try SSHEd25519Identity(SecretBytes(utf8: GoldenSSH.ed25519))
    #expect(ed25519.recipient.description == GoldenSSH.ed25519Line)
    let rsa = try SSHRSAIdentity(SecretBytes(utf8: GoldenSSH.rsa))
    #expect(rsa.recipient.description == GoldenSSH.rsaLine)
    for text in GoldenSSH.rsaForms {
      let again = try SSHRSAIdentity(SecretBytes(utf8: text), passphrase: passphrase)
      #expect(again.recipient == rsa.recipient)
    }
  }

  @Test func readsTextsOfOtherSystems() throws {
    for text in [GoldenSSH.ed25519, GoldenSSH.rsaSealedPEM] {
      let crlf = text.replacing("\n", with: "\r\n") + "\r\n"
      let bare = String(text.dropLast())
      for variant in [crlf, bare] {
        _ = try SSHPrivateKeyText(SecretBytes(utf8: variant)).open(
          passphrase: passphrase, maxRounds: 2)
      }
    }
  }

  @Test func typesAreNotMixedUp() {
    expect(.invalidKey) { _ = try SSHRSAIdentity(SecretBytes(utf8: GoldenSSH.ed25519)) }
    expect(.invalidKey) { _ = try SSHEd25519Identity(SecretBytes(utf8: GoldenSSH.rsa)) }
  }

  @Test func saysWhatIsNotSupported() {
    let error = #expect(throws: CryptoError.self) {
      try SSHPrivateKeyText(SecretBytes(utf8: GoldenSSH.ecdsa))
    }
    #expect(error?.code == .invalidKey)
    #expect(error?.message.contains("ecdsa-sha2-nistp256") == true)
    for label in ["EC PRIVATE KEY", "DSA PRIVATE KEY", "CERTIFICATE", ""] {
      expect(.invalidKey) { _ = try SSHPrivateKeyText(text(label, [1, 2, 3])) }
    }
  }

  @Test(arguments: [
    GoldenSSH.ed25519CTR, GoldenSSH.ed25519CBC, GoldenSSH.ed25519GCM, GoldenSSH.ed25519ChaCha20,
    GoldenSSH.rsaSealedPEM, GoldenSSH.rsaSealedPKCS8,
  ])
  func wrongPassphrases(text: String) throws {
    let key = try SSHPrivateKeyText(SecretBytes(utf8: text))
    #expect(key.isProtected)
    for wrong in ["", "x", "correct horse ", "correct hors"] {
      expect(.noIdentityMatched) {
        _ = try key.open(passphrase: SecretBytes(utf8: wrong), maxRounds: 2)
      }
    }
    expect(.invalidKey) { _ = try key.open(passphrase: nil, maxRounds: 2) }
  }

  @Test func asksOnceAndOnlyWhenItMust() throws {
    let count = Counter()
    let identity = try SSHProtectedIdentity(SecretBytes(utf8: GoldenSSH.ed25519CTR)) { request in
      count.increment()
      #expect(request.subject == .sshKey)
      #expect(request.publicKey.map { GoldenSSH.ed25519Line.hasPrefix($0) } == true)
      // The first answer is wrong.
      return SecretBytes(utf8: count.value == 1 ? "x" : GoldenSSH.passphrase)
    }
    let ours = try Age.seal(Golden.message, to: [identity.recipient])
    #expect(
      identity.recipient as? SSHEd25519Recipient == SSHEd25519Recipient(GoldenSSH.ed25519Line))
    expect(.noIdentityMatched) { _ = try Age.open(GoldenSSH.forRSA, with: [identity]) }
    #expect(count.value == 0)
    expect(.noIdentityMatched) { _ = try Age.open(ours, with: [identity]) }
    #expect(count.value == 1)
    for _ in 0..<3 { #expect(try Age.open(ours, with: [identity]) == Golden.message) }
    #expect(count.value == 2)
  }

  @Test func aProviderMayFail() throws {
    struct Unattended: Error {}
    let identity = try SSHProtectedIdentity(SecretBytes(utf8: GoldenSSH.ed25519CTR)) { _ in
      throw Unattended()
    }
    let error = #expect(throws: CryptoError.self) {
      try Age.open(GoldenSSH.forEd25519, with: [identity])
    }
    #expect(error?.code == .external)
    #expect(error?.cause is Unattended)
    let other = try SSHProtectedIdentity(SecretBytes(utf8: GoldenSSH.ed25519CTR)) { _ in
      throw CryptoError(.limit, "enough")
    }
    expect(.limit) { _ = try Age.open(GoldenSSH.forEd25519, with: [other]) }
  }

  @Test func aProtectedIdentityWantsAProtectedKey() {
    for text in [GoldenSSH.ed25519, GoldenSSH.rsaSealedPEM, Golden.identityText] {
      expect(.invalidKey) {
        _ = try SSHProtectedIdentity(SecretBytes(utf8: text)) { _ in SecretBytes([]) }
      }
    }
  }

  @Test func refusesTooMuchWork() throws {
    let key = try SSHPrivateKeyText(SecretBytes(utf8: GoldenSSH.ed25519CTR))
    expect(.workFactor) { _ = try key.open(passphrase: passphrase, maxRounds: 1) }
    // The rounds stand after the salt of 16 bytes.
    var bytes = try body(GoldenSSH.ed25519CTR)
    let name = try #require(bytes.firstRange(of: Array("bcrypt".utf8)))
    let rounds = name.upperBound + 4 + 4 + 16
    bytes.replaceSubrange(rounds..<rounds + 4, with: [255, 255, 255, 255])
    let greedy = try OpenSSHPrivateKey(bytes.span.bytes)
    expect(.workFactor) {
      _ = try greedy.open(
        passphrase: passphrase, maxRounds: SSHProtectedIdentity.defaultMaxRounds)
    }
    bytes.replaceSubrange(rounds..<rounds + 4, with: [0, 0, 0, 0])
    expect(.invalidKey) { _ = try OpenSSHPrivateKey(bytes.span.bytes) }
  }

  @Test(arguments: [
    hex("00ee6b2800"), hex("0100000000000000"), hex("00"), hex("ff"),
    [1] + [UInt8](repeating: 0, count: 30),
  ])
  func refusesTooMuchWorkOfPKCS8(iterations: [UInt8]) throws {
    func der(_ tag: UInt8, _ parts: [UInt8]...) -> [UInt8] {
      let content = Array(parts.joined())
      return [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }
    let derivation = der(
      0x30, der(0x06, hex("2a864886f70d01050c")),
      der(0x30, der(0x04, [1, 2, 3, 4, 5, 6, 7, 8]), der(0x02, iterations)))
    let cipher = der(
      0x30, der(0x06, hex("60864801650304012a")), der(0x04, [UInt8](repeating: 0, count: 16)))
    let scheme = der(
      0x30, der(0x06, hex("2a864886f70d01050d")), der(0x30, derivation, cipher))
    let sealed = der(0x30, scheme, der(0x04, [UInt8](repeating: 0, count: 64)))
    expect(.workFactor) {
      _ = try SSHRSAIdentity(text("ENCRYPTED PRIVATE KEY", sealed), passphrase: passphrase)
    }
  }

  @Test(arguments: [
    // Not sealed with PBES2, an unknown cipher, and headers that say nothing or something else.
    GoldenSSH.rsaSealedPEM.replacing("AES-128-CBC", with: "RC4"),
    GoldenSSH.rsaSealedPEM.replacing("AES-128-CBC,", with: "AES-128-CBC,00"),
    GoldenSSH.rsaSealedPEM.replacing("AES-128-CBC,", with: "AES-128-CBC,x"),
    GoldenSSH.rsaSealedPEM.replacing("4,ENCRYPTED", with: "4,MIC-ONLY"),
    GoldenSSH.rsaSealedPEM.replacing("\n\n", with: "\n"),
    GoldenSSH.rsaPEM.replacing("-----BEGIN RSA", with: "-----BEGIN"),
    GoldenSSH.rsaPEM.replacing("RSA PRIVATE", with: "ENCRYPTED PRIVATE"),
    GoldenSSH.rsaPEM + "x", GoldenSSH.rsaPEM + GoldenSSH.rsaPEM,
    "-----BEGIN -----END", "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN A-----\n-----END A-----\n", "-----BEGIN ", "",
  ])
  func refusesOtherTexts(text: String) {
    expect(.invalidKey) { _ = try SSHRSAIdentity(SecretBytes(utf8: text), passphrase: passphrase) }
  }

  @Test func refusesLongTexts() {
    let line = String(repeating: "A", count: 70) + "\n"
    expect(.limit) {
      _ = try SSHRSAIdentity(
        SecretBytes(
          utf8: "-----BEGIN RSA PRIVATE KEY-----\n" + String(repeating: line, count: 1000))
      )
    }
  }

  // MARK: - Damage

  /// What damage may be called.
  private static let damageCodes: [CryptoError.Code] = [
    .invalidKey, .noIdentityMatched, .workFactor,
  ]

  /// Every way to read a damaged text: an error, or the key that it was.
  private func expectErrorOrSame(
    _ text: SecretBytes, as original: SSHPublicKey, _ comment: @autoclosure () -> String
  ) {
    do throws(CryptoError) {
      let key = try SSHPrivateKeyText(text).open(passphrase: passphrase, maxRounds: 2)
      #expect(key.publicKey == original, "\(comment())")
    } catch {
      #expect(Self.damageCodes.contains(error.code), "\(comment()): \(error)")
    }
  }

  @Test func everyBitOfATextMatters() throws {
    let original = try SSHPublicKey(line: GoldenSSH.ed25519Line)
    let text = Array(GoldenSSH.ed25519.utf8)
    for i in text.indices {
      for bit in 0..<8 {
        var damaged = text
        damaged[i] ^= 1 << bit
        expectErrorOrSame(SecretBytes(damaged), as: original, "bit \(bit) of byte \(i)")
      }
      expectErrorOrSame(SecretBytes(Array(text[..<i])), as: original, "\(i) bytes")
    }
  }

  /// The private half has to be opened for each; a key that was derived once spares the work.
  @Test(arguments: [
    GoldenSSH.ed25519CTR, GoldenSSH.ed25519CBC, GoldenSSH.ed25519GCM, GoldenSSH.ed25519ChaCha20,
  ])
  func everyBitOfASealedKeyMatters(text: String) throws {
    let original = try SSHPublicKey(line: GoldenSSH.ed25519Line)
    let bytes = try body(text)
    let protection = try #require(try OpenSSHPrivateKey(bytes.span.bytes).protection)
    let key = try protection.deriveKey(passphrase, maxRounds: 2)
    func check(_ damaged: [UInt8], _ comment: String) {
      do throws(CryptoError) {
        let damaged = try OpenSSHPrivateKey(damaged.span.bytes)
        guard damaged.protection?.cipher == protection.cipher else { return }
        let opened = try damaged.open(with: key)
        #expect(opened.publicKey == original, "\(comment)")
      } catch {
        #expect(Self.damageCodes.contains(error.code), "\(comment): \(error)")
      }
    }
    for i in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[i] ^= 1 << bit
        check(damaged, "bit \(bit) of byte \(i)")
      }
      check(Array(bytes[..<i]), "\(i) bytes")
    }
  }

  @Test func everyLengthMayBeHostile() throws {
    for (text, line) in [
      (GoldenSSH.ed25519, GoldenSSH.ed25519Line), (GoldenSSH.rsa, GoldenSSH.rsaLine),
    ] {
      let original = try SSHPublicKey(line: line)
      let bytes = try body(text)
      // Lengths stand everywhere but inside the numbers of RSA, so not every place is needed.
      let step = bytes.count > 1000 ? 7 : 1
      for i in stride(from: 0, to: bytes.count - 3, by: step) {
        for length in [hex("ffffffff"), hex("7fffffff"), hex("80000000"), hex("00000000")] {
          var damaged = bytes
          damaged.replaceSubrange(i..<i + 4, with: length)
          let text = self.text(OpenSSHPrivateKey.label, damaged)
          expectErrorOrSame(text, as: original, "a length at \(i)")
        }
      }
    }
  }

  @Test(arguments: [GoldenSSH.rsa, GoldenSSH.rsaPEM, GoldenSSH.rsaPKCS8, GoldenSSH.rsaSealedPKCS8])
  func bitsOfRSAKeysMatter(text: String) throws {
    let original = try SSHPublicKey(line: GoldenSSH.rsaLine)
    let pem = try PEM(SecretBytes(utf8: text))
    let bytes = pem.body.revealed
    let seed = UInt64.random(in: .min ... .max)
    for random in sampleWords(200, seed: seed) {
      var damaged = bytes
      damaged[Int(random % UInt64(bytes.count))] ^= 1 << (random >> 61)
      expectErrorOrSame(self.text(pem.label, damaged), as: original, "seed \(seed)")
    }
    for count in stride(from: 0, to: bytes.count, by: 11) {
      expectErrorOrSame(
        self.text(pem.label, Array(bytes[..<count])), as: original, "\(count) bytes")
    }
  }

  @Test func numbersMustFitTogether() throws {
    // PKCS#1 is a sequence of numbers: the version, n, e, d, p, q, and what follows from these.
    var rest = try body(GoldenSSH.rsaPEM).dropFirst(4)
    func next() -> [UInt8] {
      // A tag, and a length in one byte or in as many as the first byte says.
      rest.removeFirst()
      var count = Int(rest.removeFirst())
      if count >= 128 {
        let length = rest.prefix(count - 128)
        rest.removeFirst(length.count)
        count = length.reduce(0) { $0 << 8 | Int($1) }
      }
      defer { rest.removeFirst(count) }
      return Array(rest.prefix(count))
    }
    #expect(next() == [0])
    let numbers = (0..<5).map { _ in next() }
    func check(_ numbers: [[UInt8]]) throws {
      let (n, e, d, p, q) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4])
      _ = try RSA.PrivateKey(
        RSA.Numbers(
          n: n.span.bytes, e: e.span.bytes, d: d.span.bytes, p: p.span.bytes, q: q.span.bytes))
    }
    try check(numbers)
    for i in numbers.indices {
      for bit in [0, 1, 7] {
        var wrong = numbers
        wrong[i][wrong[i].count - 1] ^= 1 << bit
        expect(.invalidKey) { try check(wrong) }
      }
      for number in [[], [1], numbers[0] + numbers[0]] {
        var wrong = numbers
        wrong[i] = number
        expect(.invalidKey) { try check(wrong) }
      }
    }
    expect(.invalidKey) { try check([numbers[0], numbers[1], numbers[2], numbers[0], [1]]) }
  }
}

/// Counts calls from any thread.
private final class Counter: @unchecked Sendable {
  // `@unchecked Sendable`: the lock guards the count.
  private let lock = NSLock()
  private var count = 0

  var value: Int { lock.withLock { count } }

  func increment() { lock.withLock { count += 1 } }
}

/// Numbers that look random, and are the same for the same seed.
private func sampleWords(_ count: Int, seed: UInt64) -> [UInt64] {
  let bytes = sampleBytes(8 * count, seed: seed)
  return (0..<count).map { i in
    bytes[8 * i..<8 * i + 8].reduce(0) { $0 << 8 | UInt64($1) }
  }
}
