import Cairn
import CommandSupport
import SystemPackage

#if SFTP
  import CairnSFTP
#endif
#if S3
  import CairnS3
#endif

/// Where a repository is, as a person writes it.
enum RepositoryAddress: Equatable {
  /// A directory of this machine.
  case directory(FilePath)
  /// `sftp://user@host:port/path`: a folder of a server that ssh reaches.
  case sftp(SFTPPlace)
  /// `rclone:remote:path`: what rclone calls a remote.
  case rclone(String)
  /// `s3://bucket/folder`: a bucket, or a folder of one.
  case s3(bucket: String, prefix: String)

  /// A folder of a server.
  struct SFTPPlace: Equatable {
    var user: String?
    var host: String
    var port: Int?
    /// From where the server puts who logs in, unless it begins with "/".
    var path: String
  }

  /// The forms, for help.
  static let forms = """
    a directory, sftp://user@host/path (sftp://user@host/~/path for one in the home directory), \
    rclone:remote:path, or s3://bucket/folder
    """

  /// - Throws: what is wrong with it, and how it is written.
  init(_ argument: ArgumentBytes) throws {
    let text = argument.text
    if text.hasPrefix("sftp://") {
      self = .sftp(try SFTPPlace(text))
    } else if text.hasPrefix("rclone:") {
      let remote = String(text.dropFirst("rclone:".count))
      guard !remote.isEmpty, remote.first != "-" else {
        throw Failure("\(text) names no remote; write rclone:remote:path, as rclone knows it")
      }
      self = .rclone(remote)
    } else if text.hasPrefix("s3://") {
      let rest = text.dropFirst("s3://".count)
      let bucket = rest.prefix { $0 != "/" }
      guard !bucket.isEmpty else {
        throw Failure("there is no name of a bucket in \(text); write s3://bucket/folder")
      }
      self = .s3(bucket: String(bucket), prefix: String(rest.dropFirst(bucket.count + 1)))
    } else if let scheme = Self.scheme(of: text) {
      throw Failure(
        "\(scheme):// is no kind of place that this program knows; a repository is \(Self.forms). "
          + "A directory of that name is written ./\(text)")
    } else {
      self = .directory(argument.path)
    }
  }

  /// What stands before "://".
  private static func scheme(of text: String) -> Substring? {
    let scheme = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    return !scheme.isEmpty && text.dropFirst(scheme.count).hasPrefix("://") ? scheme : nil
  }

  /// A target there; on a server, one that gets over some minutes without a connection.
  ///
  /// - Parameter creating: makes the last folder of the path.
  func target(creating: Bool) async throws -> any Target {
    switch self {
    case .directory(let path): return try DirectoryTarget(path, creating: creating)
    #if SFTP
      case .sftp(let place):
        var command = SFTPCommand.ssh(
          host: place.host, user: place.user, port: place.port,
          asks: FileDescriptor.standardInput.isTerminal)
        // As other programs have it, for instance "ssh -F file".
        if let words = environment("CAIRN_SSH")?.text.split(separator: " ").map(String.init),
          !words.isEmpty
        {
          command.program = words[0]
          command.arguments.insert(contentsOf: words.dropFirst(), at: 0)
        }
        return Self.remote(
          try await SFTPTarget.open(command, path: place.path, creating: creating))
      case .rclone(let remote):
        return Self.remote(try await SFTPTarget.open(.rclone(remote), creating: creating))
    #else
      case .sftp, .rclone: throw Self.notBuilt("SFTP")
    #endif
    #if S3
      case .s3(let bucket, let prefix):
        return Self.remote(try S3Target(Self.options(bucket: bucket, prefix: prefix)))
    #else
      case .s3: throw Self.notBuilt("S3")
    #endif
    }
  }

  /// The repository there, with its parity if it keeps some.
  func repository() async throws -> any Target {
    try await Parity.open(on: try await target(creating: false))
  }

  /// What is far away is asked again where it fails, and ahead where it is read in order.
  private static func remote(_ target: some Target) -> any Target {
    ReadAheadTarget(RetryingTarget(target))
  }

  private static func notBuilt(_ trait: String) -> Failure {
    Failure(
      "this program was built without such repositories; build it with "
        + "\"swift build --package-path Examples --traits \(trait)\"")
  }

  #if S3
    /// Region, endpoint and certificates from where Amazon's own tools take them.
    private static func options(bucket: String, prefix: String) -> S3Options {
      func value(_ names: String...) -> String? {
        names.lazy.compactMap { environment($0)?.text }.first { !$0.isEmpty }
      }
      var options = S3Options(bucket: bucket, prefix: prefix)
      if let region = value("AWS_REGION", "AWS_DEFAULT_REGION") { options.region = region }
      options.endpoint = value("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
      options.certificateAuthority = value("AWS_CA_BUNDLE").map { FilePath($0) }
      return options
    }
  #endif
}

extension RepositoryAddress.SFTPPlace {
  /// - Parameter text: begins with "sftp://".
  fileprivate init(_ text: String) throws {
    func failure(_ problem: String) -> Failure {
      Failure("\(problem) in \(text); write sftp://user@host/path or sftp://user@host:port/path")
    }
    let rest = text.dropFirst("sftp://".count)
    let authority = rest.prefix { $0 != "/" }
    let path = rest.dropFirst(authority.count)
    var server = authority
    if let at = authority.lastIndex(of: "@") {
      let login = authority[..<at]
      guard !login.contains(":") else {
        throw failure("there is a password, which ssh takes from nobody,")
      }
      guard let user = Self.decode(login), !user.isEmpty, user.first != "-" else {
        throw failure("there is no name of a user before the \"@\"")
      }
      self.user = user
      server = authority[authority.index(after: at)...]
    }
    var portText: Substring?
    if server.first == "[", let end = server.firstIndex(of: "]") {
      host = String(server[server.index(after: server.startIndex)..<end])
      let behind = server[server.index(after: end)...]
      guard behind.isEmpty || behind.first == ":" else { throw failure("the host is not readable") }
      portText = behind.isEmpty ? nil : behind.dropFirst()
    } else {
      let parts = server.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count <= 2 else { throw failure("an address of IPv6 needs brackets") }
      host = String(parts.first ?? "")
      portText = parts.count == 2 ? parts[1] : nil
    }
    guard !host.isEmpty, host.first != "-" else { throw failure("there is no name of a host") }
    if let portText {
      guard let port = Int(portText), (1...65_535).contains(port) else {
        throw failure("\"\(portText)\" is no port")
      }
      self.port = port
    }
    guard var place = Self.decode(path), place.count > 1 else {
      throw failure("there is no path of a folder")
    }
    if place == "/~" || place == "/~/" {
      place = "."
    } else if place.hasPrefix("/~/") {
      place = String(place.dropFirst(3))
    }
    self.path = place
  }

  /// Text in which "%" and two digits stand for a byte; `nil` if that is not so, or is no text.
  private static func decode(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), value != 0
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
