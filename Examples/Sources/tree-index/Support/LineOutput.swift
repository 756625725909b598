import CairnTree
import CommandSupport
import FoundationSupport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Puts out lines as they are, or as documents.
struct LineOutput {
  let isJSON: Bool
  /// Whether each line is preceded by its weight and a tab, as `load --weighted` takes them.
  var isWeighted = false
  private let output = Output()

  init(isJSON: Bool, isWeighted: Bool = false) {
    self.isJSON = isJSON
    self.isWeighted = isWeighted
  }

  private struct Document: Encodable {
    let rank: Int
    /// What is not UTF-8 is repaired here.
    let line: String
    /// The bytes in Base64, if they are not UTF-8.
    let bytes: String?
    let weight: UInt64
  }

  func write(_ entry: TreeEntry, rank: Int) throws {
    if isJSON {
      let isText = String(validating: entry.key, as: UTF8.self) != nil
      return try output.write(
        json: Document(
          rank: rank, line: String(decoding: entry.key, as: UTF8.self),
          bytes: isText ? nil : Data(entry.key).base64EncodedString(), weight: entry.weight))
    }
    if isWeighted { try output.write("\(entry.weight)\t") }
    try output.write(entry.key)
    try output.write("\n")
    try output.checkReader()
  }

  func flush() throws { try output.flush() }
}
