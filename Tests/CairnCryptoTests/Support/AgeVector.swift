import CairnCrypto
import Foundation
import Testing

/// A vector of the C2SP age test suite: what an implementation must make of a file.
struct AgeVector: CustomTestStringConvertible {
  enum Expectation: String {
    case success, noMatch = "no match", hmacFailure = "HMAC failure"
    case headerFailure = "header failure", armorFailure = "armor failure"
    case payloadFailure = "payload failure"
  }

  let name: String
  let expectation: Expectation
  /// SHA-256 of all plaintext that is released, also before a failure.
  let payload: String?
  let fileKey: [UInt8]
  let identities: [String]
  let passphrases: [String]
  let isArmored: Bool
  let file: [UInt8]

  var testDescription: String { name }

  /// Whether it needs a kind of key that not every libcrypto has.
  var needsPostQuantum: Bool { identities.contains { $0.hasPrefix("AGE-SECRET-KEY-PQ-1") } }

  /// The folder that the environment names, if it does.
  static let folder = ProcessInfo.processInfo.environment["CAIRN_AGE_VECTORS"].map {
    URL(filePath: $0)
  }

  /// All vectors that can be read here, in order of their names.
  static let all: [AgeVector] = {
    guard let folder = folder?.appending(path: "cctv") else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().compactMap { name in
      (try? Data(contentsOf: folder.appending(path: name))).flatMap { AgeVector(name, Array($0)) }
    }
  }()

  /// `nil` if it has a key that is not known, or is compressed and nothing here can decompress it.
  private init?(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    var values: [String: [String]] = [:]
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")), end > rest.startIndex {
      let line = String(decoding: rest[..<end], as: UTF8.self)
      guard let colon = line.firstRange(of: ": ") else { return nil }
      values[String(line[..<colon.lowerBound]), default: []].append(
        String(line[colon.upperBound...]))
      rest = rest[(end + 1)...]
    }
    let known: Set = [
      "expect", "payload", "file key", "identity", "passphrase", "armored", "comment", "compressed",
    ]
    guard known.isSuperset(of: values.keys),
      let expectation = values["expect"]?.first.flatMap(Expectation.init)
    else { return nil }
    self.expectation = expectation
    payload = values["payload"]?.first
    fileKey = hex(values["file key"]?.first ?? "")
    identities = values["identity"] ?? []
    passphrases = values["passphrase"] ?? []
    isArmored = values["armored"] != nil
    let body = Array(rest.dropFirst())
    if values["compressed"] == nil {
      file = body
    } else {
      guard let inflated = Self.inflate(body) else { return nil }
      file = inflated
    }
  }

  private static func inflate(_ bytes: [UInt8]) -> [UInt8]? {
    let program = """
      import base64, sys, zlib
      sys.stdout.buffer.write(zlib.decompress(base64.b64decode(sys.argv[1])))
      """
    return try? Command("python3")?.run("-c", program, Data(bytes).base64EncodedString())
  }
}
