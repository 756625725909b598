#if S3
  import CairnChunks

  /// A page of a bucket's listing (`ListObjectsV2`).
  struct ListAnswer {
    /// Keys are as the server has them, whatever they are.
    var blobs: [(key: String, size: Int64)] = []
    var folders: [String] = []
    /// Leads to the next page, if there is one.
    var continuation: String?

    /// - Returns: `nil` if it is no such answer.
    init?(_ bytes: [UInt8]) {
      guard let root = AnswerElement.parse(bytes), root.name == "ListBucketResult"
      else { return nil }
      let isEncoded = root.first("EncodingType")?.text == "url"
      func key(_ text: String) -> String? {
        guard isEncoded else { return text }
        let spaced = text.replacing("+", with: " ")
        return PercentEncoding.decode(spaced).map { String(decoding: $0, as: UTF8.self) }
      }
      for child in root.children {
        switch child.name {
        case "Contents":
          guard let name = child.first("Key").flatMap({ key($0.text) }),
            let size = child.first("Size").flatMap({ Int64($0.text) }), size >= 0
          else { return nil }
          blobs.append((name, size))
        case "CommonPrefixes":
          guard let name = child.first("Prefix").flatMap({ key($0.text) }) else { return nil }
          folders.append(name)
        default: break
        }
      }
      switch root.first("IsTruncated")?.text {
      case "true":
        guard let token = root.first("NextContinuationToken")?.text, !token.isEmpty else {
          return nil
        }
        continuation = token
      case "false", nil: break
      default: return nil
      }
    }
  }
#endif
