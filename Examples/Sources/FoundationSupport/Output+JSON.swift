package import CommandSupport

#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

extension Output {
  package static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  /// Writes a value as JSON on a line of its own.
  package func write(json value: some Encodable) throws {
    try write(try Self.encoder.encode(value))
    try write("\n")
  }
}
