#if S3
  public import CairnChunks
  import CairnCore
  import CairnCrypto
  import Foundation
  public import SystemPackage

  /// A profile of the shared credentials file, `~/.aws/credentials`, else of `~/.aws/config`, where it
  /// is called `[profile name]`; the default one is `[profile default]` there, else `[default]`.
  public struct SharedFileCredentials: S3CredentialsProvider {
    private let files: [(path: FilePath, isConfiguration: Bool)]
    private let profile: String
    /// Whether somebody wants that profile and no other.
    private let isNamed: Bool

    /// - Parameters:
    ///   - file: the credentials file; if it is not given, `AWS_SHARED_CREDENTIALS_FILE` or
    ///     `~/.aws/credentials`, and behind it `AWS_CONFIG_FILE` or `~/.aws/config`.
    ///   - profile: if it is not given, `AWS_PROFILE` or `default`.
    ///   - environment: the process's if it is not given.
    public init(
      file: FilePath? = nil, profile: String? = nil, environment: [String: String]? = nil
    ) {
      let environment = environment ?? ProcessInfo.processInfo.environment
      let named = profile ?? environment["AWS_PROFILE"].flatMap { $0.isEmpty ? nil : $0 }
      self.profile = named ?? "default"
      isNamed = named != nil
      if let file {
        files = [(file, false)]
      } else {
        let home = environment["HOME"] ?? ""
        files = [
          (
            FilePath(environment["AWS_SHARED_CREDENTIALS_FILE"] ?? "\(home)/.aws/credentials"),
            false
          ),
          (FilePath(environment["AWS_CONFIG_FILE"] ?? "\(home)/.aws/config"), true),
        ]
      }
    }

    /// Read anew each time, as another program may have replaced them.
    ///
    /// - Throws: `ChunkStoreError`: `.invalid` if a file cannot be read, no file has the profile that
    ///   was asked for by its name, or it has only one half of a key.
    public func credentials() async throws(ChunkStoreError) -> S3Credentials? {
      try await ThreadPool.blocking.run { () throws(ChunkStoreError) -> S3Credentials? in
        var isThere = false
        for file in files {
          guard let text = try Self.text(of: file.path) else { continue }
          for section in sections(ofConfiguration: file.isConfiguration) {
            guard let values = Self.values(of: section, in: text) else { continue }
            isThere = true
            if let found = try Self.credentials(values, section, file.path) { return found }
          }
        }
        guard isThere || !isNamed else { throw noProfile() }
        return nil
      }
    }

    /// What the profile is called in a file; the first that has credentials counts.
    private func sections(ofConfiguration isConfiguration: Bool) -> [String] {
      guard isConfiguration else { return [profile] }
      return ["profile \(profile)"] + (profile == "default" ? [profile] : [])
    }

    @inline(never)
    private func noProfile() -> ChunkStoreError {
      let places = files.map(\.path.string).joined(separator: " or ")
      return ChunkStoreError(
        .invalid,
        "there is no profile '\(profile)' in \(places); write it there, or correct the name, which "
          + "AWS_PROFILE may hold")
    }

    private static func credentials(
      _ values: [String: String], _ section: String, _ path: FilePath
    ) throws(ChunkStoreError) -> S3Credentials? {
      switch (values["aws_access_key_id"], values["aws_secret_access_key"]) {
      case (nil, nil): return nil
      case (let id?, let secret?):
        return S3Credentials(
          accessKeyID: id, secretAccessKey: SecretBytes(utf8: secret),
          sessionToken: values["aws_session_token"])
      case (_?, nil), (nil, _?):
        throw ChunkStoreError(
          .invalid,
          "[\(section)] of \(path) has only one of aws_access_key_id and aws_secret_access_key; "
            + "it needs both")
      }
    }

    private static func text(of path: FilePath) throws(ChunkStoreError) -> String? {
      let largest = 1 << 20
      do throws(IOError) {
        let bytes: [UInt8]
        do throws(Errno) {
          bytes = try path.contents(limit: largest)
        } catch .noSuchFileOrDirectory {
          return nil
        } catch {
          throw .systemCall("read", path.string, error)
        }
        guard bytes.count <= largest else {
          throw IOError(
            .limit, operation: "read", subject: path.string,
            detail: "a file of credentials has at most 1 MiB")
        }
        return String(decoding: bytes, as: UTF8.self)
      } catch {
        throw ChunkStoreError(.invalid, "cannot take credentials from a file", cause: error)
      }
    }

    /// The names and values of a section, `nil` if there is none of that name.
    private static func values(of section: String, in text: String) -> [String: String]? {
      var values: [String: String] = [:]
      var (isInside, isThere) = (false, false)
      for line in text.split(whereSeparator: \.isNewline) {
        let line = line.trimmingPrefix(while: \.isWhitespace)
        if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
        if line.hasPrefix("[") {
          let name = line.dropFirst().prefix { $0 != "]" }
          isInside = words(name) == words(section[...])
          isThere = isThere || isInside
        } else if isInside, let equals = line.firstIndex(of: "=") {
          values[trimmed(line[..<equals])] = trimmed(line[line.index(after: equals)...])
        }
      }
      return isThere ? values.filter { !$0.value.isEmpty } : nil
    }

    /// What stands between white space.
    private static func words(_ text: Substring) -> [Substring] {
      text.split(whereSeparator: \.isWhitespace)
    }

    private static func trimmed(_ text: Substring) -> String {
      var text = text.trimmingPrefix(while: \.isWhitespace)
      while text.last?.isWhitespace == true { text.removeLast() }
      return String(text)
    }
  }

  extension FilePath {
    /// The bytes of a file, of which one more than `limit` tells that it is longer.
    fileprivate func contents(limit: Int) throws(Errno) -> [UInt8] {
      let file = try retryingOpen()
      defer { try? file.close() }
      return try [UInt8](unsafeUninitializedCapacity: limit + 1) {
        (buffer, count) throws(Errno) in
        count = try file.readFully(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
      }
    }

    private func retryingOpen() throws(Errno) -> FileDescriptor {
      do {
        return try FileDescriptor.open(self, .readOnly, options: .closeOnExec)
      } catch {
        throw error as? Errno ?? .ioError
      }
    }
  }
#endif
