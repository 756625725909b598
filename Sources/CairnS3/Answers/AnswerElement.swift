#if S3
  import Foundation

  #if canImport(FoundationXML)
    import FoundationXML
  #endif

  /// An element of a server's XML answer.
  final class AnswerElement {
    /// Without its namespace.
    let name: String
    fileprivate(set) var text = ""
    fileprivate(set) var children: [AnswerElement] = []

    fileprivate init(_ name: String) {
      self.name = name
    }

    /// The root of an answer, or `nil` if it is not well-formed or not UTF-8, or declares types or
    /// entities, which no answer does.
    static func parse(_ bytes: [UInt8]) -> AnswerElement? {
      guard let data = document(bytes) else { return nil }
      let declarations = ["<!DOCTYPE", "<!ENTITY"]
      guard declarations.allSatisfy({ data.range(of: Data($0.utf8)) == nil }) else { return nil }
      let parser = XMLParser(data: data)
      parser.shouldResolveExternalEntities = false
      parser.shouldProcessNamespaces = true
      let builder = Builder()
      parser.delegate = builder
      // A text that ends too early is no error to the parser.
      return parser.parse() && builder.isWhole ? builder.root : nil
    }

    /// A text without what precedes its root; `nil` if it is not UTF-8.
    ///
    /// What the parser took for another encoding it would read as another text than is looked through
    /// here. It tells that by the bytes, but in those encodings "<" has zeros or is no UTF-8; or by the
    /// declaration, which is left out.
    private static func document(_ bytes: [UInt8]) -> Data? {
      guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else { return nil }
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      var rest = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
      // A server that takes its time may begin with white space, so that the connection is not cut.
      rest = rest.drop { [0x20, 0x0A, 0x0D, 0x09].contains($0) }
      let data = Data(rest)
      guard data.starts(with: "<?xml".utf8) else { return data }
      guard let end = data.range(of: Data("?>".utf8)) else { return nil }
      return Data(data[end.upperBound...])
    }

    func first(_ name: String) -> AnswerElement? {
      children.first { $0.name == name }
    }

    private final class Builder: NSObject, XMLParserDelegate {
      private(set) var root: AnswerElement?
      private var open: [AnswerElement] = []
      private var count = 0

      var isWhole: Bool { open.isEmpty }

      func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
      ) {
        count += 1
        // A page of a listing has a thousand blobs of some eight elements each.
        guard open.count < 16, count < 100_000 else { return parser.abortParsing() }
        let element = AnswerElement(name)
        open.last?.children.append(element)
        if root == nil { root = element }
        open.append(element)
      }

      func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
        qualifiedName: String?
      ) {
        _ = open.popLast()
      }

      func parser(_ parser: XMLParser, foundCharacters text: String) {
        open.last?.text += text
      }
    }
  }
#endif
