#if SFTP
  /// The command that speaks SFTP on its standard input and output: by default the system's ssh.
  ///
  /// It runs with the environment, the working directory and the rights of this process. Give it
  /// nothing that you would not run yourself.
  public struct SFTPCommand: Sendable, Hashable {
    /// What messages call the server, for example `sftp://host`.
    public var name: String
    /// A path, or a name that is looked for in the folders of `PATH`.
    public var program: String
    public var arguments: [String]
    /// Sends the reads and writes of one file one at a time, in order: for servers that pass a file
    /// on as a stream while it is written, as rclone does.
    public var sendsInOrder = false

    /// A command of the host's own.
    ///
    /// - Parameters:
    ///   - words: The program and its arguments; not empty. No shell reads them.
    ///   - name: What messages call the server; by default the words.
    public init(_ words: [String], name: String? = nil) {
      precondition(!words.isEmpty, "a command has a program")
      program = words[0]
      arguments = Array(words.dropFirst())
      self.name = name ?? words.joined(separator: " ")
    }

    /// The system's ssh, with its own configuration, keys and agents.
    ///
    /// - Parameters:
    ///   - host: A name, an address, or an alias from ssh's configuration; not empty, and does not
    ///     begin with "-".
    ///   - user: Who logs in; by default as ssh is configured. Not empty.
    ///   - port: By default as ssh is configured.
    ///   - arguments: Further arguments of ssh, for example `["-i", "key"]`. They win over those
    ///     that this module gives.
    ///   - asks: Whether ssh may ask for passphrases, passwords and unknown keys on the terminal.
    ///     Otherwise it fails where it would have to.
    public static func ssh(
      host: String, user: String? = nil, port: Int? = nil, arguments: [String] = [],
      asks: Bool = false
    ) -> SFTPCommand {
      precondition(!host.isEmpty && host.first != "-", "not the name of a host")
      precondition(user?.isEmpty != true && user?.first != "-", "not the name of a user")
      let login = user.map { "\($0)@" } ?? ""
      // An address of IPv6.
      let shown = host.contains(":") ? "[\(host)]" : host
      var words = ["ssh"] + arguments
      if !asks { words += ["-o", "BatchMode=yes"] }
      // What a configuration has for people who log in, and gets in the way of a subsystem.
      for setting in [
        "ForwardX11=no", "ForwardAgent=no", "ClearAllForwardings=yes", "PermitLocalCommand=no",
        "RemoteCommand=none", "RequestTTY=no",
      ] {
        words += ["-o", setting]
      }
      if let port { words += ["-p", "\(port)"] }
      words += ["-s", "--", login + host, "sftp"]
      return SFTPCommand(words, name: "sftp://\(login)\(shown)\(port.map { ":\($0)" } ?? "")")
    }

    /// rclone, which makes a target of every storage that it knows.
    ///
    /// It is run so that what others put there is seen at once and that what is put is there when
    /// it says so: without its caches.
    ///
    /// - Parameters:
    ///   - remote: As rclone has it: `remote:path`, `:ftp,host=example.org:path`, or a folder. Does
    ///     not begin with "-", and is not empty.
    ///   - arguments: Further arguments of rclone, for example `["--config", "file"]`. They win over
    ///     those that this module gives.
    public static func rclone(_ remote: String, arguments: [String] = []) -> SFTPCommand {
      precondition(!remote.isEmpty && remote.first != "-", "not a remote of rclone")
      var command = SFTPCommand(
        [
          "rclone", "serve", "sftp", "--stdio", "--vfs-cache-mode", "off", "--dir-cache-time", "0s",
          "--poll-interval", "0", "--use-server-modtime",
        ] + arguments + [remote],
        name: "rclone:\(remote)")
      command.sendsInOrder = true
      return command
    }
  }
#endif
