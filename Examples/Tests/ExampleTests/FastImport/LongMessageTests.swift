import CairnChunks
import Testing

@testable import FastImport

/// Messages that are too long to be held.
@Suite struct LongMessageTests {
  let oracle: GitOracle

  init() throws {
    oracle = try GitOracle()
  }

  /// Of `count` bytes, in lines that are long so that tests are fast.
  private func message(_ count: Int) -> [UInt8] {
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 9_999) + [10]
    return Array(repeatElement(line, count: count / line.count + 1).joined().prefix(count))
  }

  /// Around the length from which a message is a content of its own.
  @Test(arguments: [-1, 0, 1])
  func messages(difference: Int) async throws {
    let message = message(Message.heldLimit + difference)
    try await oracle.expectSame(
      makeStream { stream in
        stream.line("commit refs/heads/main")
        stream.line("mark :1")
        stream.line("committer C <c@e> 1 +0000")
        stream.line("encoding latin-1")
        stream.data(message)
        stream.file("a", "x")
        stream.line("commit refs/heads/delimited")
        stream.line("committer C <c@e> 1 +0000")
        stream.line("data <<END")
        stream.bytes += message + Array("\nEND\nfrom :1\nM 644 inline b\ndata 0\n".utf8)
        stream.line("tag t")
        stream.line("from :1")
        stream.line("tagger T <t@e> 1 +0000")
        stream.data(message)
        stream.line("commit refs/heads/last")
        stream.line("committer C <c@e> 1 +0000")
        stream.data("short")
        stream.line("from :1")
      })
  }

  /// Longer than any chunk.
  @Test func aMessageLongerThanAChunk() async throws {
    let message = message(Chunk.maximumSize + 1)
    try await oracle.expectSame(
      makeStream { stream in
        stream.line("commit refs/heads/main")
        stream.line("committer C <c@e> 1 +0000")
        stream.data(message)
        stream.file("a", "x")
      })
  }

  @Test func theBrowserShowsTheBeginning() async throws {
    let message = "the title\n" + String(repeating: "x", count: Message.heldLimit)
    let result = try await oracle.importStream(
      makeStream { stream in
        stream.commit("refs/heads/main", message: message)
        stream.commit("refs/heads/main", message: "the next")
      })
    let root = try #require(try await result.repository.roots().last)
    let messages = try await result.repository.withBlockingReader { reader in
      var messages: [[UInt8]] = []
      try Browser(reader, snapshot: root.chunk).log(Array("main".utf8)) { commit in
        messages.append(commit.message)
        return true
      }
      return messages
    }
    #expect(messages == ["the next", String(message.prefix(64 << 10))].map { Array($0.utf8) })
  }

  @Test func aLongMessageIsNotSearchedForSignatures() async throws {
    let stream = makeStream { stream in
      stream.commit("refs/heads/main", mark: 1)
      stream.line("tag t")
      stream.line("from :1")
      stream.data(String(repeating: "x", count: Message.heldLimit + 1))
    }
    let result = try await oracle.importStream(stream, ["--signed-tags=strip"])
    #expect(result.error?.message.contains("is not searched for a signature") == true)
    #expect(try await result.repository.roots().isEmpty)
  }

  /// A message of which much is missing takes no memory that it does not have.
  @Test func aMessageThatEndsTooEarly() async throws {
    let start = "commit refs/heads/main\ncommitter C <c@e> 1 +0000\n"
    for data in ["data 1152921504606846976\n", "data <<END\n"] {
      let text =
        start + data + String(repeating: String(repeating: "x", count: 999) + "\n", count: 2500)
      let result = try await oracle.importStream(Array(text.utf8))
      #expect(result.error?.message.hasPrefix("EOF in data") == true)
      #expect(try await result.repository.roots().isEmpty)
    }
  }
}
