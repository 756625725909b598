import CairnChunks
import CairnSFTP
import Foundation
import Testing

/// What commands are run, and what becomes of those that fail.
@Suite struct CommandTests {
  @Test func sshIsAskedForItsSubsystem() {
    let command = SFTPCommand.ssh(host: "example.org", user: "me", port: 2222, arguments: ["-v"])
    #expect(command.program == "ssh" && command.arguments.first == "-v")
    #expect(command.arguments.contains("BatchMode=yes"))
    #expect(command.arguments.suffix(6) == ["-p", "2222", "-s", "--", "me@example.org", "sftp"])
    #expect(command.name == "sftp://me@example.org:2222" && !command.sendsInOrder)
    #expect(!SFTPCommand.ssh(host: "h", asks: true).arguments.contains("BatchMode=yes"))
    #expect(SFTPCommand.ssh(host: "::1").name == "sftp://[::1]")
    let rclone = SFTPCommand.rclone("remote:path", arguments: ["--config", "x"])
    #expect(rclone.arguments.suffix(3) == ["--config", "x", "remote:path"])
    #expect(rclone.name == "rclone:remote:path" && rclone.sendsInOrder)
  }

  @Test(arguments: [
    ("Permission denied (publickey).", false), ("Host key verification failed.", false),
    ("ssh: connect to host h port 22: Connection refused", true),
    ("ssh: connect to host h port 22: No route to host", true),
    ("kex_exchange_identification: Connection closed by remote host", true),
    ("subsystem request failed on channel 0", false), ("", false),
  ]) func whatTheCommandSaysReachesTheHost(said: String, isTemporary: Bool) async throws {
    let command = SFTPCommand(["/bin/sh", "-c", #"echo "$0" >&2; exit 255"#, said], name: "shell")
    let error = try await failure { _ = try await SFTPTarget.open(command) }
    #expect(error.code == (isTemporary ? .temporary : .targetFailed), "\(error)")
    #expect(
      (said.isEmpty || "\(error)".contains(said)) && "\(error)".contains("exit status 255"),
      "\(error)")
  }

  /// Beside what ssh says stands what to do.
  @Test(arguments: [
    ("Host key verification failed.", "once by hand"),
    ("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! Host key verification failed.", "find out"),
    ("me@h: Permission denied (publickey,password).", "without asking"),
    ("sh: 1: cannot run it: Permission denied", nil),
  ]) func whatToDoIsSaid(said: String, advice: String?) async throws {
    let command = SFTPCommand(["/bin/sh", "-c", #"echo "$0" >&2; exit 255"#, said], name: "shell")
    let error = try await failure { _ = try await SFTPTarget.open(command) }
    #expect("\(error)".hasSuffix(said) == (advice == nil), "\(error)")
    if let advice { #expect("\(error)".contains(advice), "\(error)") }
  }

  @Test func muchThatIsSaidIsCut() async throws {
    let script = #"i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done >&2; exit 1"#
    let error = try await failure {
      _ = try await SFTPTarget.open(SFTPCommand(["/bin/sh", "-c", script], name: "shell"))
    }
    #expect("\(error)".contains("line 19999") && "\(error)".utf8.count < 2000)
  }

  @Test(arguments: ["cairn-no-such-program", "/nowhere/ssh", "/etc/hosts"])
  func aProgramThatCannotBeRun(_ program: String) async throws {
    let error = try await failure { _ = try await SFTPTarget.open(SFTPCommand([program])) }
    #expect(error.code == .targetFailed && "\(error)".contains(program), "\(error)")
  }

  /// The program ends when nobody needs it any more.
  @Test func theProgramEndsWithTheTarget() async throws {
    let server = try OpenSSHServer()
    let command = SFTPCommand(
      [
        "/bin/sh", "-c", #"echo $$ > "$0"; exec "$1""#, server.scratch["pid"],
        server.command.program,
      ])
    var target: SFTPTarget? = try await SFTPTarget.open(command, path: server.scratch.path)
    let text = String(decoding: try server.scratch.read("pid"), as: UTF8.self)
    let number = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(kill(number, 0) == 0)
    withExtendedLifetime(target) {}
    target = nil
    try await waitUntil { kill(number, 0) != 0 }
  }
}
