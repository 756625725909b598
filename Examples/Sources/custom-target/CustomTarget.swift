import CairnChunks
import CairnCore
import CairnCrypto
import CairnTargetKit
import OneFileTarget
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A target of one's own, examined and used.
@main
struct CustomTarget {
  static let usage = """
    usage: custom-target conformance FILE     examine the target, below conformance/ in FILE
           custom-target backup FILE NAME PATH  store a file in the repository in FILE
           custom-target restore FILE NAME      write it to standard output
           custom-target list FILE              names and times
           custom-target compact FILE           give back the room of what was deleted

    The repository is made by the first backup; its key is in FILE.key. Keep both.
    """

  static func main() async {
    do {
      let arguments = CommandLine.arguments.dropFirst()
      switch (arguments.first, Array(arguments.dropFirst())) {
      case ("conformance", let rest) where rest.count == 1: try await conform(FilePath(rest[0]))
      case ("backup", let rest) where rest.count == 3:
        try await backup(FilePath(rest[0]), rest[1], FilePath(rest[2]))
      case ("restore", let rest) where rest.count == 2:
        try await restore(FilePath(rest[0]), rest[1])
      case ("list", let rest) where rest.count == 1: try await list(FilePath(rest[0]))
      case ("compact", let rest) where rest.count == 1: try compact(FilePath(rest[0]))
      default: fail(usage, status: 2)
      }
    } catch {
      fail("custom-target: \(error)", status: 1)
    }
  }

  private static func fail(_ message: String, status: Int32) -> Never {
    _ = try? FileDescriptor.standardError.writeAll("\(message)\n".utf8)
    exit(status)
  }

  private static func conform(_ path: FilePath) async throws {
    let target = try OneFileTarget(path)
    let options = TargetConformance.Options(prefix: "conformance/", listedNames: 1000)
    let report = await TargetConformance(options) { target }.run { print($0) }
    if !report.isSound { exit(1) }
  }

  private static func backup(_ path: FilePath, _ name: String, _ source: FilePath) async throws {
    let target = try OneFileTarget(path)
    let repository: Repository
    if try target.total().blobs == 0 {
      let identity = try X25519Identity.generate()
      try writeKey(identity, path)
      repository = try await Repository.create(on: target, for: [identity.recipient])
    } else {
      repository = try await Repository.open(on: target, with: [try readKey(path)])
    }
    let session = try await repository.startSession()
    let file = try FileDescriptor.open(source, .readOnly)
    defer { try? file.close() }
    try await session.publish(name: name, content: try await session.store(contentsOf: file))
    try await session.end()
  }

  private static func restore(_ path: FilePath, _ name: String) async throws {
    let repository = try await open(path)
    guard let content = try await repository.root(name).content else {
      fail("custom-target: \(name) is no file", status: 1)
    }
    try await repository.read(content, to: FileWriter(.standardOutput))
  }

  private static func list(_ path: FilePath) async throws {
    for root in try await open(path).roots() { print(root.name) }
  }

  private static func compact(_ path: FilePath) throws {
    let target = try OneFileTarget(path)
    let freed = try target.compact()
    let total = try target.total()
    print("\(total.blobs) blobs, \(total.bytes) bytes; \(freed) bytes given back")
  }

  // MARK: The repository

  private static func open(_ path: FilePath) async throws -> Repository {
    try await Repository.open(
      on: try OneFileTarget(path, isReadOnly: true), with: [try readKey(path)])
  }

  private static func writeKey(_ identity: X25519Identity, _ path: FilePath) throws {
    let file = try FileDescriptor.open(
      "\(path).key", .writeOnly, options: [.create, .exclusiveCreate],
      permissions: .ownerReadWrite)
    try file.closeAfter {
      _ = try identity.exportText().withUnsafeBytes { try file.writeAll($0) }
    }
  }

  private static func readKey(_ path: FilePath) throws -> X25519Identity {
    let file = try FileDescriptor.open("\(path).key", .readOnly)
    return try file.closeAfter {
      var text = [UInt8](repeating: 0, count: 200)
      let count = try text.withUnsafeMutableBytes { try file.read(into: $0) }
      return try X25519Identity(SecretBytes(utf8: String(decoding: text[..<count], as: UTF8.self)))
    }
  }
}
