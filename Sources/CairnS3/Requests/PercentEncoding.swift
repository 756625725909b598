#if S3
  /// Text in an address (RFC 3986, section 2.1): all but letters, digits and "-", ".", "_", "~" as
  /// "%" and two digits, which signatures demand to be upper case.
  enum PercentEncoding {
    static func encode(_ text: String, keepsSlashes: Bool = false) -> String {
      var encoded = ""
      encoded.reserveCapacity(text.utf8.count)
      for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
          UInt8(ascii: "_"), UInt8(ascii: "~"):
          encoded.unicodeScalars.append(Unicode.Scalar(byte))
        case UInt8(ascii: "/") where keepsSlashes:
          encoded += "/"
        default:
          encoded += "%"
          encoded.unicodeScalars.append(digit(byte >> 4))
          encoded.unicodeScalars.append(digit(byte & 15))
        }
      }
      return encoded
    }

    private static func digit(_ value: UInt8) -> Unicode.Scalar {
      Unicode.Scalar(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10)
    }

    /// The bytes of encoded text, or `nil` if it is not well-formed.
    static func decode(_ text: String) -> [UInt8]? {
      var bytes: [UInt8] = []
      var rest = Array(text.utf8)[...]
      while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
          bytes.append(byte)
          continue
        }
        guard let high = rest.popFirst().flatMap(value), let low = rest.popFirst().flatMap(value)
        else { return nil }
        bytes.append(high << 4 | low)
      }
      return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      default: nil
      }
    }
  }
#endif
