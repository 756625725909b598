import CairnChunks
import CairnTargetKit
import Foundation
import Testing

@testable import CairnSFTP

/// A server that fails, dies or lies at any message.
@Suite struct HostileServerTests {
  private static let bytes = sample(10_000)

  /// What is done with each fault. The blob "packs/aa/old" is there before.
  private static let calls: [(name: String, call: @Sendable (SFTPTarget) async throws -> Void)] = [
    ("put", { try await $0.put("packs/bb/new", bytes) }),
    ("put the same", { try await $0.put("packs/aa/old", bytes) }),
    ("get", { try expect(try await $0.get("packs/aa/old") == bytes) }),
    ("size", { try expect(try await $0.size(of: blobName("packs/aa/old")) == 10_000) }),
    ("list", { try expect(try await $0.names("packs/") == ["packs/aa/old"]) }),
    ("delete", { try await $0.delete(blobName("packs/aa/old")) }),
  ]

  /// A call gave another result than it would without the fault.
  private struct WrongResult: Error {}

  private static func expect(_ isRight: Bool) throws {
    if !isRight { throw WrongResult() }
  }

  private func server() -> ScriptedServer {
    let server = ScriptedServer()
    for folder in ["root/packs", "root/packs/aa"] { server.addFolder(folder) }
    server["root/packs/aa/old"] = Self.bytes
    return server
  }

  /// Makes each call with a fault at each of its messages, over a connection that is there and over
  /// a new one; then without faults, to the end.
  private func withEveryFault(
    isNew: Bool, saysMissing: Bool = false, stride: Int = 1,
    patience: Duration = .milliseconds(300),
    _ fault: @escaping (ScriptedServer.Request) -> ScriptedServer.Action,
    check: (ChunkStoreError, String) -> Void
  ) async throws {
    for (name, call) in Self.calls {
      var number = 0
      while true {
        let server = server()
        var options = SFTPOptions()
        options.patience = patience
        let target = try await server.target(options)
        if !isNew { _ = try await target.size(of: blobName("none")) }
        if isNew {
          // The next call finds that there is no connection.
          server.follow { _ in .die }
          _ = try? await target.size(of: blobName("none"))
        }
        let faulty = number
        server.follow { $0.number == faulty ? fault($0) : .answer }
        do {
          try await call(target)
        } catch let error as ChunkStoreError {
          check(error, "\(name), message \(number)")
        } catch is WrongResult {
          #expect(saysMissing, "\(name), message \(number)")
        }
        let count = server.requestCount
        server.behave()
        // What is there is whole.
        for file in server.fileNames where file.contains("packs") {
          #expect(server[file] == Self.bytes, "\(name), message \(number)")
        }
        // The first ones may find what is left of the connection.
        for _ in 0..<2 { try? await call(target) }
        try await call(target)
        if name.hasPrefix("put") {
          #expect(try await target.get("packs/aa/old") == Self.bytes)
        }
        target.close()
        guard number < count else { break }
        number += stride
      }
    }
  }

  @Test(arguments: [false, true]) func itDiesAtAnyMessage(isNew: Bool) async throws {
    for action in [ScriptedServer.Action.die, .dieBehind] {
      try await withEveryFault(isNew: isNew, patience: .seconds(60)) { _ in
        action
      } check: { error, place in
        // What ends before it has greeted may not be a server at all.
        #expect(isNew || error.code == .temporary, "\(place): \(error)")
        #expect("\(error)".contains("connection"), "\(place): \(error)")
      }
    }
  }

  @Test(arguments: [2, 3, 4, 7, 8, 99] as [UInt32]) func itRefusesAnyMessage(
    code: UInt32
  ) async throws {
    try await withEveryFault(
      isNew: false, saysMissing: code == 2, patience: .seconds(60)
    ) { _ in
      .status(code, code == 4 ? "421 Too many connections" : "")
    } check: { error, place in
      let isTemporary = code == 7 || code == 4
      #expect(
        error.code == (isTemporary ? .temporary : .targetFailed)
          || (code == 2 && [.missing, .temporary].contains(error.code)), "\(place): \(error)")
    }
  }

  /// Bytes in place of an answer.
  private static let lies: [@Sendable (UInt32) -> [UInt8]] = [
    { _ in [0, 0, 0, 0] }, { _ in [0, 0, 0, 4, 101, 0, 0, 0] },
    { _ in [0xFF, 0xFF, 0xFF, 0xFF, 101] }, { _ in [0, 0x20, 0, 0, 103, 0] },
    { _ in Array("Last login: today\n".utf8) },
    { id in status(id &+ 1_000_000, 0, "") }, { id in status(id, 0, "") + status(id, 0, "") },
    { id in finished(reply(Message.status, id)) }, { id in finished(reply(Message.handle, id)) },
    { id in finished(reply(Message.data, id)) }, { id in finished(reply(Message.name, id)) },
    { id in finished(reply(77, id)) },
    { id in
      // A handle of 300 bytes, and one of none.
      var packet = reply(Message.handle, id)
      packet.append([UInt8](repeating: 1, count: 300))
      return finished(packet)
    },
    { id in
      var packet = reply(Message.handle, id)
      packet.append([])
      return finished(packet)
    },
    { id in
      // A string that says to be longer than its message.
      var packet = reply(Message.data, id)
      packet.append(UInt32.max)
      return finished(packet)
    },
    { id in
      // More bytes of a file than anybody asks for, and none.
      var packet = reply(Message.data, id)
      packet.append([UInt8](repeating: 1, count: 500_000))
      return finished(packet)
    },
    { id in
      var packet = reply(Message.data, id)
      packet.append([])
      return finished(packet)
    },
    { id in
      // Four billion names, and none.
      var packet = reply(Message.name, id)
      packet.append(UInt32.max)
      packet.append("x")
      return finished(packet)
    },
    { id in
      var packet = reply(Message.name, id)
      packet.append(UInt32(0))
      return finished(packet)
    },
    { id in
      // Four billion extensions of attributes.
      var packet = reply(Message.attributes, id)
      packet.append(FileAttributes.extensionsFlag)
      packet.append(UInt32.max)
      return finished(packet)
    },
    { id in
      // A file without a size, and one of more than there is.
      var packet = reply(Message.attributes, id)
      packet.append(UInt32(0))
      return finished(packet)
    },
    { id in
      var packet = reply(Message.attributes, id)
      packet.append(FileAttributes.sizeFlag)
      packet.append(UInt64.max)
      return finished(packet)
    },
  ]

  @Test(arguments: Self.lies.indices) func itLiesAtAnyMessage(lie: Int) async throws {
    try await withEveryFault(isNew: lie % 5 == 0) { request in
      .raw(Self.lies[lie](request.id))
    } check: { error, place in
      #expect(
        [.targetFailed, .temporary, .missing, .conflict].contains(error.code), "\(place): \(error)")
    }
  }

  @Test func itKeepsSilent() async throws {
    try await withEveryFault(isNew: false, stride: 4) { _ in
      .silence
    } check: { error, place in
      #expect(error.code == .temporary && "\(error)".contains("silent"), "\(place): \(error)")
    }
  }

  /// Nothing is allocated for a size that is only named.
  @Test(arguments: [1 << 40, UInt64(Int64.max)]) func itNamesASizeBeyondAllBounds(
    size: UInt64
  ) async throws {
    let server = server()
    let target = try await server.target()
    server.namedSize = size
    let error = try await failure { _ = try await target.get("packs/aa/old") }
    #expect(error.code == .temporary && "\(error)".contains("ended before"), "\(error)")
  }

  @Test func itTalksBeforeTheProtocol() async throws {
    let server = server()
    server.noise = Array("Welcome to example.org!\n".utf8)
    let error = try await failure { _ = try await server.target() }
    #expect(error.code == .targetFailed && "\(error)".contains("Welcome to"), "\(error)")
  }

  @Test func itSpeaksAnotherVersion() async throws {
    let server = server()
    server.version = 2
    let error = try await failure { _ = try await server.target() }
    #expect(error.code == .targetFailed && "\(error)".contains("version 2"), "\(error)")
  }

  @Test func itListsWhatIsNoName() async throws {
    let server = server()
    server.oddNames =
      [
        "../escape", "a/b", "/etc/passwd", "", "..", ".tmp", "UPPER", "é", "x\0y",
      ].map { Array($0.utf8) } + [
        [0xFF, 0xFE], [UInt8](repeating: 97, count: 300), Array("fine".utf8),
      ]
    let target = try await server.target()
    #expect(try await target.names("packs/aa/") == ["packs/aa/fine", "packs/aa/old"])
  }

  @Test func aCancelledCallEnds() async throws {
    let server = server()
    let target = try await server.target()
    server.follow { _ in .silence }
    for (name, call) in Self.calls {
      let task = Task { try await call(target) }
      try await Task.sleep(for: .milliseconds(20))
      // The server never answers, so a call that waits for it would not end.
      task.cancel()
      let error = try await failure { try await task.value }
      #expect(error.code == .cancelled, "\(name): \(error)")
    }
  }
}

/// Servers that keep the protocol in other ways than OpenSSH's.
@Suite struct OtherServerTests {
  struct Manner: Sendable, CustomTestStringConvertible {
    var extensions: [String: String] = [:]
    var longestData = Int.max
    var shuffles = false
    var testDescription: String { "\(extensions.keys.sorted()) \(longestData) \(shuffles)" }
  }

  static let manners = [
    Manner(), Manner(shuffles: true), Manner(longestData: 700),
    Manner(extensions: ["fsync@openssh.com": "1", "limits@openssh.com": "1"], shuffles: true),
    Manner(extensions: ["limits@openssh.com": "1"], longestData: 1, shuffles: true),
    Manner(extensions: ["fsync@openssh.com": "2", "limits@openssh.com": "2"]),
  ]

  @Test(arguments: manners) func blobsComeBack(from manner: Manner) async throws {
    let server = ScriptedServer()
    server.extensions = manner.extensions
    server.longestData = manner.longestData
    server.shuffles = manner.shuffles
    let target = try await server.target()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<20 {
        group.addTask {
          let bytes = sample(number * (manner.longestData == 1 ? 20 : 4000), number)
          let blob = "packs/\(number % 3)/\(number)"
          try await target.put(blob, bytes)
          #expect(try await target.get(blob) == bytes)
          #expect(try await target.names("packs/\(number % 3)/").contains(blob))
          let error = try await failure { try await target.put(blob, bytes + [1]) }
          #expect(error.code == .conflict)
          if number % 2 == 0 { try await target.delete(blobName(blob)) }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await target.names().count == 10)
    try await waitUntil { server.fileNames.allSatisfy { $0.hasPrefix("root/packs/") } }
  }

  /// Others that put are not replaced, even where renaming would.
  @Test func renamingMayReplace() async throws {
    let server = ScriptedServer()
    server.replaces = true
    server.extensions = [:]
    let target = try await server.target()
    let successes = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<16 {
        group.addTask {
          do {
            try await target.put("one", sample(20_000, number))
            return true
          } catch {
            #expect((error as? ChunkStoreError)?.code == .conflict)
            return false
          }
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(successes == 1)
  }
}
