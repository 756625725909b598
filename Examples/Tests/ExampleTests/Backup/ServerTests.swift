#if SFTP || S3
  import Foundation
  import Testing

  /// Repositories on servers, from their creation to a restored tree.
  @Suite struct ServerTests {
    /// Does everything that people do with a repository.
    private func live(_ address: String, _ program: Program, _ scratch: Scratch) throws {
      func expect(
        _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
      ) throws -> Program.Run {
        let run = try program.run(arguments)
        #expect(run.status == 0, "\(run.errors)", sourceLocation: sourceLocation)
        return run
      }
      try SampleTree.make(at: scratch["source"])
      _ = try expect("init", address, "--new-identity", scratch["identity"])
      let again = try program.run(["init", address, "--new-identity", scratch["other"]])
      #expect(again.status == 2 && again.errors.contains("already"), "\(again.errors)")
      _ = try expect("create", address, "source")
      try Node(scratch["source"]).below("later").write("content")
      _ = try expect("create", address, "source")
      _ = try expect("verify", address, "--data")
      #expect(try expect("list", address).lines.count == 2)
      _ = try expect("forget", address, "--keep-last", "1")
      _ = try expect("prune", address)
      _ = try expect("verify", address, "--data")
      _ = try expect("restore", address, "latest", "restored")
      try expectSame(scratch["restored/source"], scratch["source"])
    }

    private func program(_ scratch: Scratch, _ environment: [String: String]) -> Program {
      var all = ["CAIRN_IDENTITY": scratch["identity"], "CAIRN_STATE": scratch["state"]]
      all.merge(environment) { $1 }
      return Program(folder: scratch.path, environment: all)
    }

    #if S3
      @Test(.enabled(if: TestServer.canServeS3, "moto is not installed"))
      func inABucket() async throws {
        let scratch = try Scratch()
        let server = try await TestServer("s3", in: scratch["server"])
        while !scratch.exists("server/ready") { try await Task.sleep(for: .milliseconds(20)) }
        let program = program(
          scratch,
          [
            "AWS_ENDPOINT_URL": "http://127.0.0.1:\(server.port)", "AWS_ACCESS_KEY_ID": "tester",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-north-1",
          ])
        try live("s3://bucket/backups/laptop", program, scratch)
        let other = try program.run(["list", "s3://another/folder"])
        #expect(other.status == 2 && other.errors.contains("no such bucket"), "\(other.errors)")
      }
    #endif

    #if SFTP
      @Test(.enabled(if: isInstalled("sshd") && isInstalled("ssh"), "OpenSSH is not installed"))
      func throughSSH() async throws {
        let scratch = try Scratch()
        let server = try await TestServer("sshd", in: scratch["server"])
        let program = program(scratch, ["CAIRN_SSH": "ssh -F \(scratch["server/ssh_config"])"])
        try live("sftp://127.0.0.1\(scratch["a%20b"])", program, scratch)
        #expect(scratch.exists("a b/cairn"))
        withExtendedLifetime(server) {}
      }

      /// The server dies in the middle of a backup, which goes on when it is back.
      @Test(.enabled(if: isInstalled("sshd") && isInstalled("ssh"), "OpenSSH is not installed"))
      func theServerDiesAndComesBack() async throws {
        let scratch = try Scratch()
        let server = try await TestServer("sshd", in: scratch["server"])
        let program = program(scratch, ["CAIRN_SSH": "ssh -F \(scratch["server/ssh_config"])"])
        let address = "sftp://127.0.0.1:\(server.port)\(scratch["repository"])"
        let made = try program.run(["init", address, "--new-identity", scratch["identity"]])
        try #require(made.status == 0, "\(made.errors)")
        try scratch.makeDirectory("source")
        var numbers = Seeded(7)
        for file in 0..<16 { try scratch.write(numbers.bytes(8 << 20), to: "source/\(file)") }
        let running = try program.start(["create", address, "source"])
        while running.isRunning, try scratch.files(below: "repository/packs").isEmpty {
          // Not asleep as a task, which others may keep from waking in time.
          usleep(2000)
        }
        server.stop()
        let kept = try scratch.files(below: "repository/packs").count
        try await Task.sleep(for: .milliseconds(300))
        try await server.start()
        let run = running.wait()
        #expect(run.status == 0, "\(run.errors)")
        #expect(try kept < scratch.files(below: "repository/packs").count, "it died too late")
        let verified = try program.run(["verify", address, "--data"])
        #expect(verified.status == 0, "\(verified.errors)")
        let restored = try program.run(["restore", address, "latest", "restored"])
        #expect(restored.status == 0, "\(restored.errors)")
        try expectSame(scratch["restored/source"], scratch["source"])
      }

      @Test(.enabled(if: isInstalled("rclone"), "rclone is not installed"))
      func throughRcloneToAFolder() throws {
        let scratch = try Scratch()
        try live("rclone:\(scratch["folder"])", program(scratch, [:]), scratch)
        #expect(scratch.exists("folder/cairn"))
      }

      @Test(
        .enabled(
          if: isInstalled("rclone") && TestServer.canServeFTP,
          "rclone or pyftpdlib is not installed")
      )
      func throughRcloneToFTP() async throws {
        let scratch = try Scratch()
        let server = try await TestServer("ftp", in: scratch["server"])
        let program = program(scratch, ["RCLONE_CONFIG": scratch["server/rclone.conf"]])
        try live("rclone:ftp:backups/laptop", program, scratch)
        #expect(scratch.exists("server/files/backups/laptop/cairn"))
        withExtendedLifetime(server) {}
      }
    #endif
  }
#endif
