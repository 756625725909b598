import Synchronization
import Testing

@testable import FastImport

/// Signatures of commits and tags. Git reads those of commits from a stream from 2.50 on; the id of an
/// object that has them, any version computes.
@Suite struct SignatureTests {
  let oracle: GitOracle

  init() throws {
    oracle = try GitOracle()
  }

  private final class Warnings: Sendable {
    let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
  }

  private static let signature = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----"

  private func stream(_ signatures: String) -> [UInt8] {
    Array(
      """
      commit refs/heads/main
      committer C <c@e> 1234567890 +0000
      \(signatures)encoding latin-1
      data 2
      x

      """.utf8)
  }

  /// The line of a ref that git would list for a commit with these header fields.
  private func expected(_ fields: String) throws -> [String] {
    let object = """
      tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
      author C <c@e> 1234567890 +0000
      committer C <c@e> 1234567890 +0000
      encoding latin-1
      \(fields)
      x

      """
    try oracle.scratch.write(object, to: "object")
    let id = try oracle.git(["hash-object", "-t", "commit", "object"], folder: ".").output
    return ["\(String(decoding: id.dropLast(), as: UTF8.self)) commit refs/heads/main"]
  }

  private func folded(_ field: String, _ signature: String) -> String {
    "\(field) " + signature.replacing("\n", with: "\n ") + "\n"
  }

  private func announced(_ hash: String, _ signature: String, format: String = "openpgp") -> String
  {
    "gpgsig \(hash) \(format)\ndata \(signature.utf8.count)\n\(signature)\n"
  }

  /// Imports, compares, and imports again what is exported.
  private func expect(
    _ stream: [UInt8], _ arguments: [String] = [], is refs: [String], warnings: [String] = [],
    location: SourceLocation = #_sourceLocation
  ) async throws {
    let heard = Warnings()
    let result = try await oracle.importStream(stream, arguments) { line in
      heard.lines.withLock { $0.append(line) }
    }
    #expect(result.error == nil, sourceLocation: location)
    #expect(heard.all == warnings, sourceLocation: location)
    #expect(try await oracle.refs(result.repository) == refs, sourceLocation: location)
    let again = try await oracle.importStream(try await oracle.export(result.repository))
    #expect(again.error == nil, sourceLocation: location)
    #expect(try await oracle.refs(again.repository) == refs, sourceLocation: location)
  }

  @Test func signaturesOfCommitsBecomeFields() async throws {
    let sha1 = folded("gpgsig", Self.signature)
    let sha256 = folded("gpgsig-sha256", "-----BEGIN SSH SIGNATURE-----\nx")
    let second = announced("sha256", "-----BEGIN SSH SIGNATURE-----\nx", format: "ssh")
    try await expect(stream(announced("sha1", Self.signature)), is: expected(sha1))
    try await expect(stream(second), is: expected(sha256))
    // In git's order, whatever that of the stream.
    try await expect(
      stream(second + announced("sha1", Self.signature)), is: expected(sha1 + sha256))
    // Of each hash, the first is taken.
    try await expect(
      stream(announced("sha1", Self.signature) + announced("sha1", "another")),
      is: expected(sha1),
      warnings: ["multiple sha1 signatures found, ignoring additional signature"])
    // A line feed at the end is part of it.
    try await expect(
      stream("gpgsig sha1 openpgp\ndata <<END\n\(Self.signature)\nEND\n"),
      is: expected(folded("gpgsig", Self.signature + "\n")))
    try await expect(stream(announced("sha1", "")), is: expected(folded("gpgsig", "")))
  }

  @Test func modesForCommits() async throws {
    let signed = stream(announced("sha1", Self.signature))
    let kept = try expected(folded("gpgsig", Self.signature))
    let bare = try expected("")
    let verbatim = "importing a commit signature verbatim"
    for (mode, refs, warnings) in [
      ("verbatim", kept, []), ("ignore", kept, []), ("warn-verbatim", kept, [verbatim]),
      ("warn", kept, [verbatim]), ("strip", bare, []),
      ("warn-strip", bare, ["stripping a commit signature"]),
    ] {
      try await expect(signed, ["--signed-commits=\(mode)"], is: refs, warnings: warnings)
      let option = Array("option git signed-commits=\(mode)\n".utf8)
      try await expect(option + signed, is: refs, warnings: warnings)
    }
    // What is stripped may be malformed.
    try await expect(
      stream("gpgsig nonsense\ndata 1\nx\n"), ["--signed-commits=strip"], is: bare)
    try await expect(stream(""), ["--signed-commits=abort"], is: bare)
    for (mode, message) in [
      ("abort", "encountered signed commit; use --signed-commits=<mode> to handle it"),
      ("nonsense", "unknown --signed-commits mode 'nonsense'"),
      ("strip-if-invalid", "signatures are not verified here"),
      ("abort-if-invalid", "signatures are not verified here"),
      ("sign-if-invalid=key", "signatures are not verified here"),
    ] {
      let result = try await oracle.importStream(signed, ["--signed-commits=\(mode)"])
      #expect(result.error?.message.contains(message) == true, "\(mode)")
      #expect(result.status == 128)
    }
  }

  @Test(arguments: [
    ("gpgsig sha1\ndata 1\nx\n", "Expected gpgsig format"),
    ("gpgsig md5 openpgp\ndata 1\nx\n", "Unknown git hash algorithm in gpgsig: 'md5'"),
    ("gpgsig sha1 pem\ndata 1\nx\n", "Invalid signature format in gpgsig: 'pem'"),
    ("gpgsig sha1 openpgp\n", "Expected 'data n' command"),
    ("gpgsig sha1 openpgp\ndata 9999999\n", "a signature is longer than"),
  ])
  func malformedSignatures(signature: String, message: String) async throws {
    let result = try await oracle.importStream(stream(signature))
    #expect(result.error?.message.contains(message) == true, "\(result.error?.message ?? "")")
  }

  @Test(arguments: ["PGP SIGNATURE", "PGP MESSAGE", "SIGNED MESSAGE", "SSH SIGNATURE"])
  func modesForTags(kind: String) async throws {
    let text = "the message\n"
    let signature = "-----BEGIN \(kind)-----\nabc\n-----END \(kind)-----\n"
    func stream(_ message: String) -> [UInt8] {
      makeStream { stream in
        stream.commit("refs/heads/main", mark: 1)
        stream.line("tag t")
        stream.line("from :1")
        stream.line("tagger T <t@e> 1 +0000")
        stream.data(message)
      }
    }
    // What git says without an option, and of a tag that was never signed.
    let kept = try oracle.gitImport(stream(text + signature)).refs
    let bare = try oracle.gitImport(stream(text)).refs
    let verbatim = "importing a tag signature verbatim for tag 't'"
    for (mode, refs, warnings) in [
      ("verbatim", kept, []), ("warn-verbatim", kept, [verbatim]), ("strip", bare, []),
      ("warn-strip", bare, ["stripping a tag signature for tag 't'"]),
    ] {
      try await expect(
        stream(text + signature), ["--signed-tags=\(mode)"], is: refs, warnings: warnings)
      try await expect(stream(text), ["--signed-tags=\(mode)"], is: bare)
    }
    let aborted = try await oracle.importStream(stream(text + signature), ["--signed-tags=abort"])
    #expect(
      aborted.error?.message == "encountered signed tag; use --signed-tags=<mode> to handle it")
    // Of several, the last; and none that begins within a line.
    let twice = try oracle.gitImport(stream(text + signature)).refs
    try await expect(stream(text + signature + signature), ["--signed-tags=strip"], is: twice)
    let within = "see -----BEGIN \(kind)-----\n"
    try await expect(
      stream(within), ["--signed-tags=abort"], is: oracle.gitImport(stream(within)).refs)
  }
}
