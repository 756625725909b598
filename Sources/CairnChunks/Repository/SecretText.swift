import CairnCore
import CairnCrypto

/// Text that holds secrets, put together without leaving copies behind.
enum SecretText {
  enum Part {
    case text(String)
    case secret(SecretBytes)
    case hex(SecretBytes)

    var count: Int {
      switch self {
      case .text(let text): text.utf8.count
      case .secret(let secret): secret.count
      case .hex(let secret): secret.count * 2
      }
    }
  }

  static func join(_ parts: [Part]) -> SecretBytes {
    SecretBytes(capacity: parts.reduce(0) { $0 + $1.count }) { output in
      let digits = Array("0123456789abcdef".utf8)
      for part in parts {
        switch part {
        case .text(let text):
          for byte in text.utf8 { output.append(byte) }
        case .secret(let secret):
          secret.withUnsafeBytes { for byte in $0 { output.append(byte) } }
        case .hex(let secret):
          secret.withUnsafeBytes { bytes in
            for byte in bytes {
              output.append(digits[Int(byte >> 4)])
              output.append(digits[Int(byte & 15)])
            }
          }
        }
      }
    }
  }
}

/// The lines of a text that holds secrets: `# name value`, and identities of age.
struct SecretFields {
  private var values: [String: SecretBytes] = [:]
  /// The lines that are not comments.
  private(set) var identities: [SecretBytes] = []

  init(_ text: SecretBytes) {
    text.withUnsafeBytes { bytes in
      for line in bytes.split(separator: UInt8(ascii: "\n")) {
        guard line.starts(with: "# ".utf8) else {
          identities.append(SecretBytes(copying: UnsafeRawBufferPointer(rebasing: line).bytes))
          continue
        }
        let content = line.dropFirst(2)
        guard let space = content.firstIndex(of: UInt8(ascii: " ")) else { continue }
        let name = String(decoding: content[..<space], as: UTF8.self)
        let value = content[content.index(after: space)...]
        values[name] = SecretBytes(copying: UnsafeRawBufferPointer(rebasing: value).bytes)
      }
    }
  }

  /// A field that is not secret.
  func text(_ name: String) -> String? {
    values[name]?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// A field of secret bytes in hexadecimal.
  func secret(_ name: String, count: Int = 32) -> SecretBytes? {
    guard let value = values[name], value.count == count * 2 else { return nil }
    return value.withUnsafeBytes { digits -> SecretBytes? in
      func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
      }
      guard digits.allSatisfy({ nibble($0) != nil }) else { return nil }
      return SecretBytes(capacity: count) { output in
        for position in 0..<count {
          output.append(nibble(digits[position * 2])! << 4 | nibble(digits[position * 2 + 1])!)
        }
      }
    }
  }

  /// A field of bytes that are not secret, in hexadecimal.
  func bytes(_ name: String, count: Int) -> [UInt8]? {
    secret(name, count: count)?.withUnsafeBytes { Array($0) }
  }

  /// The identities, of which there have to be so many.
  func identities(_ count: Int) throws(CryptoError) -> [X25519Identity]? {
    guard identities.count == count else { return nil }
    return try identities.map { (text) throws(CryptoError) in try X25519Identity(text) }
  }
}
