import Foundation
import SystemPackage
import Testing

@testable import CairnCore

@Suite struct SpooledFileTests {
  private func write(_ text: String, to spool: SpooledFile) throws {
    try Array(text.utf8).withRawBytes { (bytes) throws(Errno) in
      try spool.file.writeFully(at: 0, bytes)
    }
  }

  private func content(of path: FilePath) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path.string)), as: UTF8.self)
  }

  @Test(arguments: [true, false])
  func getsItsNameWholeAndOnce(prefersUnnamed: Bool) async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("final")
      do {
        let spool = try SpooledFile(in: directory, prefersUnnamed: prefersUnnamed)
        try write("first", to: spool)
        #expect(!FileManager.default.fileExists(atPath: path.string))
        #expect(try spool.publish(as: path))
        #expect(try content(of: path) == "first")
      }
      let second = try SpooledFile(in: directory, prefersUnnamed: prefersUnnamed)
      try write("second", to: second)
      #expect(try !second.publish(as: path))
      #expect(try content(of: path) == "first")
    }
  }

  @Test(arguments: [true, false])
  func leavesNothingWhenDropped(prefersUnnamed: Bool) async throws {
    try await withTemporaryDirectory { directory in
      do {
        let spool = try SpooledFile(in: directory, prefersUnnamed: prefersUnnamed)
        try write("never named", to: spool)
        #expect(try directory.names().count == (prefersUnnamed ? 0 : 1))
      }
      #expect(try directory.names().isEmpty)
    }
  }

  @Test(arguments: [true, false])
  func canHaveTwoNames(prefersUnnamed: Bool) async throws {
    try await withTemporaryDirectory { directory in
      let spool = try SpooledFile(in: directory, prefersUnnamed: prefersUnnamed)
      try write("both", to: spool)
      #expect(try spool.publish(as: directory.appending("a")))
      #expect(try spool.publish(as: directory.appending("b")))
      #expect(try content(of: directory.appending("b")) == "both")
    }
  }

  @Test(arguments: [true, false])
  func isItsOwnersAlone(prefersUnnamed: Bool) async throws {
    try await withTemporaryDirectory { directory in
      let spool = try SpooledFile(in: directory, prefersUnnamed: prefersUnnamed)
      #expect(try spool.file.status().permissions == 0o600)
    }
  }

  @Test(arguments: [true, false])
  func pathsNeedNotBeUTF8(prefersUnnamed: Bool) async throws {
    try await withTemporaryDirectory { parent in
      let directory = parent.appending(component([0x64, 0xFF, 0x69, 0x72]))
      try directory.withPlatformString { name in
        try #require(mkdir(name, 0o700) == 0)
      }
      let spool = try SpooledFile(in: directory, prefersUnnamed: prefersUnnamed)
      #expect(try spool.publish(as: directory.appending(component([0xFE, 0x21]))))
      #expect(try directory.names().contains([0xFE, 0x21]))
      try SpooledFile.removeAbandoned(in: directory)
      try directory.synchronizeDirectory()
    }
  }

  @Test func whatTheDeadLeftIsRemovedAndTheLivingStay() async throws {
    try await withTemporaryDirectory { directory in
      let living = try SpooledFile(in: directory, prefersUnnamed: false)
      let dead = directory.appending("cairn-spool-0123456789abcdef")
      try Data("dead".utf8).write(to: URL(fileURLWithPath: dead.string))
      try Data("other".utf8).write(
        to: URL(fileURLWithPath: directory.appending("other").string))
      // What only looks like one of ours does no harm.
      try #require(mkfifo(directory.appending("cairn-spool-fifo").string, 0o600) == 0)
      try #require(
        symlink("other", directory.appending("cairn-spool-link").string) == 0)

      try SpooledFile.removeAbandoned(in: directory)
      let names = try directory.names().map { String(decoding: $0, as: UTF8.self) }
      #expect(!names.contains("cairn-spool-0123456789abcdef"))
      #expect(names.contains("other"))
      #expect(try living.publish(as: directory.appending("final")))
    }
  }

  @Test func aMissingDirectoryIsNamed() {
    let error = #expect(throws: IOError.self) {
      try SpooledFile(in: "/nowhere/at/all")
    }
    #expect(error?.errno == .noSuchFileOrDirectory)
    #expect("\(error!)".contains("/nowhere/at/all"))
  }

  private func component(_ bytes: [UInt8]) -> FilePath.Component {
    (bytes + [0]).withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        FilePath.Component(platformString: $0.baseAddress!)!
      }
    }
  }
}
