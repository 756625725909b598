import CairnCrypto
import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
  /// The program of CairnCrypto.md, line by line.
  private func firstProgram() throws -> [UInt8] {
    // Once: make a key pair. The public half may go anywhere, the private half to a file of mode
    // 0600.
    let identity = try X25519Identity.generate()
    let publicKey = "\(identity.recipient)"
    let privateKey = IdentityFile.text(of: identity)

    // Where the secrets arise: seal, with the public key alone.
    guard let recipient = X25519Recipient(publicKey) else { fatalError("mistyped: \(publicKey)") }
    let file = try Age.seal(Array("the combination is 11-22-33".utf8), to: [recipient])

    // Where they are read: open, with the private key.
    let key = try IdentityFile(parsing: privateKey)
    let message = try Age.open(file, with: key.identities)
    return message
  }

  @Test func firstProgramWorks() throws {
    #expect(try firstProgram() == Array("the combination is 11-22-33".utf8))
  }

  @Test func firstProgramIsTheOneThatIsTested() throws {
    let here = URL(filePath: #filePath)
    let page = here.deletingLastPathComponent().appending(
      path: "../../Sources/CairnCrypto/CairnCrypto.docc/CairnCrypto.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let program = try #require(text.split(separator: "```").dropFirst().first)
    let tested = try String(contentsOf: here, encoding: .utf8)
      .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    let lines = program.split(separator: "\n").dropFirst().map(String.init)
    #expect(lines.count > 8)
    #expect(lines.filter { !tested.contains($0) } == [])
  }
}
