import Foundation
import Testing

/// The options, as the age and age-keygen commands take them.
@Suite struct SealOptionTests {
  private func makeSealer() throws -> Sealer {
    let sealer = try Sealer()
    try sealer.scratch.write("text", to: "plain")
    return sealer
  }

  @Test func allSpellings() throws {
    let sealer = try makeSealer()
    let recipient = sealer.recipient
    try sealer.scratch.write("# one\n\n\(recipient)\r\n", to: "recipients")
    let spellings = [
      ["-r", recipient, "-o", "sealed", "plain"],
      ["-e", "-r", recipient, "-o=sealed", "plain"],
      ["--encrypt", "--recipient", recipient, "--output", "sealed", "plain"],
      ["-recipient", recipient, "-armor", "-output=sealed", "plain"],
      ["--r", recipient, "--o", "sealed", "--a", "plain"],
      ["plain", "-ar", recipient, "-o", "sealed"],
      ["-R", "recipients", "-R", "recipients", "-o", "sealed", "plain"],
      ["--recipients-file=recipients", "-o", "sealed", "plain"],
      ["-e", "-i", "key", "-o", "sealed", "plain"],
      ["encrypt", "-i", "key", "-o", "sealed", "plain"],
      ["-eai", "key", "-o", "sealed", "--", "plain"],
    ]
    for arguments in spellings {
      let run = try sealer.run(arguments)
      #expect(run.status == 0 && run.errors == "", "\(arguments): \(run.errors)")
      #expect(try sealer.expect("-d", "-i", "key", "sealed").text == "text", "\(arguments)")
      try sealer.scratch.remove("sealed")
    }
    try sealer.expect("-r", recipient, "-o", "sealed", "plain")
    for arguments in [
      ["--decrypt", "--identity", "key", "sealed"], ["-decrypt", "-identity=key", "sealed"],
      ["-di", "key", "sealed"], ["sealed", "-d", "-i", "key"], ["decrypt", "-i", "key", "sealed"],
      ["-d", "-i", "key", "-o", "-", "sealed"], ["-d", "-i", "key", "-o", "/dev/stdout", "sealed"],
    ] {
      #expect(try sealer.run(arguments).text == "text", "\(arguments)")
    }
  }

  @Test func standardInput() throws {
    let sealer = try makeSealer()
    try sealer.scratch.write("\(sealer.recipient)\n", to: "recipients")
    for arguments in [["-i", "key", "-e"], ["-r", sealer.recipient, "-"]] {
      let sealed = try sealer.run(arguments, input: "plain")
      try Data(sealed.output).write(to: URL(filePath: sealer.scratch["sealed"]))
      #expect(try sealer.expect("-d", "-i", "key", "-", input: "sealed").text == "text")
    }
    try sealer.expect("-R", "-", "-o", "other", "plain", input: "recipients")
    #expect(try sealer.expect("-d", "-i", "-", "other", input: "key").text == "text")
    #expect(try sealer.shell("cat key | $seal -d -i - other").text == "text")

    let message = "standard input is to be read for several things"
    try sealer.refuse("-d", "-i", "-", input: "key", says: message)
    try sealer.refuse("-d", "-i", "-", "-", input: "key", says: message)
    try sealer.refuse("-e", "-i", "-", "-R", "-", "plain", input: "key", says: message)
    try sealer.refuse("-d", "--passphrase-fd", "0", input: "sealed", says: message)
    try sealer.refuse("keygen", "-y", "--passphrase-fd", "0", input: "key", says: message)
  }

  @Test func misuse() throws {
    let sealer = try makeSealer()
    let (scratch, recipient) = (sealer.scratch, sealer.recipient)
    try sealer.expect("-r", recipient, "-o", "sealed", "plain")
    try scratch.makeDirectory("folder")
    try scratch.write("# nobody\n", to: "empty")

    try sealer.refuse(says: "there is nobody to encrypt for")
    try sealer.refuse("plain", says: "there is nobody to encrypt for")
    try sealer.refuse("-i", "key", "sealed", says: "-d")
    try sealer.refuse("-d", "-e", "sealed", says: "one of them")
    try sealer.refuse("-d", "-p", "sealed", says: "-p is for encrypting")
    try sealer.refuse("-d", "-a", "sealed", says: "-a is for encrypting")
    try sealer.refuse("-d", "-r", recipient, "sealed", says: "with -i")
    try sealer.refuse("-r", recipient, "-p", "plain", says: "a passphrase must be alone")
    try sealer.refuse("-p", "plain", says: "no terminal")
    try sealer.refuse("-p", "--passphrase-fd", "77", "plain", says: "descriptor 77")
    try sealer.refuse("-p", "--passphrase-fd", "x", "plain", says: "--passphrase-fd")
    try sealer.refuse("--bogus", says: "--bogus")
    try sealer.refuse("-o", says: "-o")
    try sealer.refuse("-r", recipient, "plain", "sealed", says: "sealed")
    try sealer.refuse("-r", "age1bogus", "plain", says: "age1bogus: this is not a recipient")
    try sealer.refuse("-r", recipient, "no\nfile", says: #"cannot read no\xafile: No such file"#)
    try sealer.refuse("-R", "none", "plain", says: "cannot read none: No such file")
    try sealer.refuse("-R", "key", "plain", says: "key: line 3: this is not a recipient")
    try sealer.refuse("-R", "empty", "plain", says: "empty: there is no recipient")
    try sealer.refuse("-d", "-i", "none", "sealed", says: "cannot read none")
    try sealer.refuse("-d", "-i", "folder", "sealed", says: "cannot read folder: Is a directory")
    try sealer.refuse("-d", "-i", "empty", "sealed", says: "empty: there is no private key")
    try sealer.refuse("-j", "cairn-nowhere", "-d", "sealed", says: "age-plugin-cairn-nowhere")
    try sealer.refuse("rewrap", "-i", "key", "sealed", says: "there is nobody to encrypt for")
    for output in ["folder", "none/file", "plain/file"] {
      try sealer.refuse("-r", recipient, "-o", output, "plain", says: output)
    }
    try sealer.refuse("-r", recipient, "-o", "", "plain", says: "the empty name")
    try sealer.refuse("-r", recipient, "-o", "new", "folder", says: "Is a directory")
    for help in [["--help"], ["help", "rewrap"], ["-d", "-h"], ["inspect", "--help"]] {
      let run = try sealer.run(help)
      #expect(run.status == 0 && run.text.contains("USAGE: seal"), "\(run.errors)")
    }
  }

  @Test func names() throws {
    let sealer = try makeSealer()
    try sealer.expect("-r", sealer.recipient, "-o", "sealed", "plain")
    let run = try sealer.shell(
      #"""
      name=$(printf 'caf\351-x')
      cp plain "$name" && "$seal" -r "$recipient" -o "$name.age" "$name" || exit
      "$seal" decrypt -i key "$name.age" || exit
      cp sealed -- -d && "$seal" -d -i key -- -d || exit
      cp sealed inspect && "$seal" -d -i key inspect
      """#)
    // Not all file systems take such names.
    if run.status != 0, run.errors.contains("Illegal byte sequence") { return }
    #expect(run.status == 0 && run.text == "texttexttext", "\(run.errors)")
  }

  /// What no file can be encrypted for is no reason to refuse a list of somebody's keys.
  @Test(.enabled(if: Sealer.has("ssh-keygen"), "ssh-keygen is not installed"))
  func listsOfSSHKeys() throws {
    let sealer = try makeSealer()
    for type in ["ecdsa", "ed25519"] {
      try sealer.tool("ssh-keygen", "-q", "-t", type, "-N", "", "-f", type)
    }
    let keys = try ["ecdsa.pub", "ed25519.pub"].map { try sealer.scratch.read($0) }
    try sealer.scratch.write(keys.joined(), to: "keys")
    let run = try sealer.run(["-R", "keys", "-o", "sealed", "plain"])
    #expect(run.status == 0)
    #expect(
      run.errors.hasPrefix("seal: warning: keys, line 1: ")
        && run.errors.contains("ecdsa-sha2-nistp256"), "\(run.errors)")
    #expect(try sealer.expect("-d", "-i", "ed25519", "sealed").text == "text")
    try sealer.scratch.write("ecdsa-sha2-nistp256 bm9uZQ==\n", to: "damaged")
    try sealer.refuse("-R", "damaged", "plain", says: "damaged: line 1")
  }
}
