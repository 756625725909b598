#if SFTP
  import CairnCore
  import SystemPackage

  #if canImport(Darwin)
    import Darwin
  #elseif canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #endif

  /// What speaks SFTP at the other end of two pipes.
  struct Peer: Sendable {
    /// What messages call it.
    let name: String
    /// Takes requests. Does not block.
    let input: FileDescriptor
    /// Gives answers. Does not block.
    let output: FileDescriptor
    /// Gives what it says to people, if that is to be had. Does not block.
    let messages: FileDescriptor?
    /// Closes `input` and `output`, sees to it that the peer ends, and says how it did. Called once,
    /// when nobody uses the descriptors any more.
    let end: @Sendable (_ patience: Duration) -> String?
  }

  extension Peer {
    /// Starts a program.
    static func start(_ command: SFTPCommand) throws(SFTPFailure) -> Peer {
      let messages: Pipe
      let process: ChildProcess
      let path = try command.findProgram()
      do throws(IOError) {
        messages = try Pipe()
      } catch {
        throw .local(error)
      }
      defer { try? messages.writing.close() }
      do throws(IOError) {
        process = try ChildProcess(
          path, arguments: command.arguments, standardError: messages.writing)
      } catch {
        try? messages.reading.close()
        throw SFTPFailure(
          reason: .connection, message: "the command cannot be started", isTemporary: false,
          cause: error)
      }
      let flags = fcntl(messages.reading.rawValue, F_GETFL)
      _ = fcntl(messages.reading.rawValue, F_SETFL, flags | O_NONBLOCK)
      let child = Child(process: process)
      return Peer(
        name: command.name, input: process.input, output: process.output,
        messages: messages.reading, end: { child.end(within: $0) })
    }

    private struct Child: @unchecked Sendable {
      // Sendable: after `start` only `end` touches the process, and is called once.
      let process: ChildProcess

      func end(within patience: Duration) -> String {
        process.closePipes()
        return process.end(within: patience).description
      }
    }
  }

  extension SFTPCommand {
    /// Looks for the program as a shell does.
    fileprivate func findProgram() throws(SFTPFailure) -> FilePath {
      var candidates = [FilePath(program)]
      if !program.contains("/") {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        candidates = path.split(separator: ":").map {
          FilePath(String($0)).appending(program)
        }
        // The working directory does not matter.
        candidates.removeAll { !$0.isAbsolute }
      }
      for candidate in candidates {
        let isProgram = candidate.withPlatformString { access($0, X_OK) == 0 }
        if isProgram { return candidate }
      }
      throw SFTPFailure(
        reason: .connection,
        message: "there is no program \(program) that can be run; install it, or give its path",
        isTemporary: false)
    }
  }
#endif
