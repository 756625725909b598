/// What is done with signatures, which would not fit what a rewritten history says.
enum SignatureMode: String {
  case verbatim
  case warnVerbatim = "warn-verbatim"
  case strip
  case warnStrip = "warn-strip"
  case abort

  /// - Throws: if there is no such mode, or it needs signatures to be verified, which is not done here.
  init(option: String, _ value: String) throws {
    switch value {
    // Git's older words.
    case "ignore": self = .verbatim
    case "warn": self = .warnVerbatim
    default:
      guard let mode = SignatureMode(rawValue: value) else {
        throw value.hasSuffix("-if-invalid") || value.hasPrefix("sign-if-invalid=")
          ? ImportError("\(option)=\(value) is not supported: signatures are not verified here")
          : ImportError("unknown \(option) mode '\(value)'")
      }
      self = mode
    }
  }

  var warns: Bool { self == .warnVerbatim || self == .warnStrip }
  var strips: Bool { self == .strip || self == .warnStrip }
}

extension Importer {
  /// The header fields of the signatures that come next, each as git folds it: every line but the
  /// first begins with a space. One is kept for each of the two hashes that git has.
  func readSignatures() throws -> [UInt8] {
    let mode = options.signedCommits
    var fields: [String: [UInt8]] = [:]
    while let argument = commands.argument("gpgsig") {
      if mode == .abort {
        throw ImportError("encountered signed commit; use --signed-commits=<mode> to handle it")
      }
      if mode.warns {
        options.warn(
          mode.strips ? "stripping a commit signature" : "importing a commit signature verbatim")
      }
      let hash = mode.strips ? nil : try Self.hash(ofSignature: argument)
      _ = try next()
      let signature = try commands.shortData("a signature")
      _ = try next()
      guard let hash else { continue }
      let field = hash == "sha1" ? "gpgsig" : "gpgsig-sha256"
      if fields[field] != nil {
        options.warn("multiple \(hash) signatures found, ignoring additional signature")
        continue
      }
      let lines = signature.split(separator: Byte.lineFeed, omittingEmptySubsequences: false)
      fields[field] = lines.flatMap { [Byte.space] + $0 + [Byte.lineFeed] }
    }
    return ["gpgsig", "gpgsig-sha256"].flatMap { name in
      fields[name].map { Array(name.utf8) + $0 } ?? []
    }
  }

  private static func hash(ofSignature argument: Bytes) throws -> String {
    let words = argument.split(
      separator: Byte.space, maxSplits: 1, omittingEmptySubsequences: false)
    guard words.count == 2 else {
      throw ImportError(
        "Expected gpgsig format: 'gpgsig <hash-algo> <signature-format>', got 'gpgsig "
          + "\(argument.text)'")
    }
    guard words[0].equals("sha1") || words[0].equals("sha256") else {
      throw ImportError("Unknown git hash algorithm in gpgsig: '\(words[0].text)'")
    }
    guard ["openpgp", "x509", "ssh", "unknown"].contains(words[1].text) else {
      throw ImportError("Invalid signature format in gpgsig: '\(words[1].text)'")
    }
    return words[0].text
  }

  /// Does with a tag's signature, which is the end of its message, what the options say.
  func treatSignature(in message: inout Message, ofTag name: [UInt8]) throws {
    let mode = options.signedTags
    guard mode != .verbatim else { return }
    guard case .held(let bytes) = message else {
      throw ImportError(
        "a tag's message of more than \(Message.heldLimit) bytes is not searched for a signature")
    }
    guard let start = Self.signatureStart(in: bytes) else { return }
    if mode == .abort {
      throw ImportError("encountered signed tag; use --signed-tags=<mode> to handle it")
    }
    if mode.warns {
      options.warn(
        mode.strips
          ? "stripping a tag signature for tag '\(name.text)'"
          : "importing a tag signature verbatim for tag '\(name.text)'")
    }
    if mode.strips { message = .held(Array(bytes[..<start])) }
  }

  /// The last line that begins a signature.
  private static func signatureStart(in message: [UInt8]) -> Int? {
    let beginnings = ["PGP SIGNATURE", "PGP MESSAGE", "SIGNED MESSAGE", "SSH SIGNATURE"]
    return message.split(separator: Byte.lineFeed).last { line in
      beginnings.contains { line.starts(with: "-----BEGIN \($0)-----".utf8) }
    }?.startIndex
  }
}
