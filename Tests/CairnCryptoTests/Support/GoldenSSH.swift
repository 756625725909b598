import Foundation

/// Keys that `ssh-keygen` of OpenSSH 9.2 made, and files that `age` 1.1.1 sealed for them.
enum GoldenSSH {
  /// The passphrase of all that is sealed.
  static let passphrase = "correct horse"

  /// The public half of ``ed25519``.
  static let ed25519Line =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGjouoQukDPUUMlXte1gjgSJOmi0EHMcqd7pqmghwZ2w golden ed25519"

  /// A key without a passphrase.
  static let ed25519 = """
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
    QyNTUxOQAAACBo6LqELpAz1FDJV7XtYI4EiTpotBBzHKne6apoIcGdsAAAAJgxVwucMVcL
    nAAAAAtzc2gtZWQyNTUxOQAAACBo6LqELpAz1FDJV7XtYI4EiTpotBBzHKne6apoIcGdsA
    AAAEBXUOzyi4nIQc4DDlQ/q6RSd9grSfmiriLrBY5jBhG72WjouoQukDPUUMlXte1gjgSJ
    Omi0EHMcqd7pqmghwZ2wAAAADmdvbGRlbiBlZDI1NTE5AQIDBAUGBw==
    -----END OPENSSH PRIVATE KEY-----

    """

  /// ``ed25519`` sealed with aes256-ctr and two rounds, as the others.
  static let ed25519CTR = """
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAJDsWHDG
    2qmNBA6fSF1qcMAAAAAgAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIGjouoQukDPUUMlX
    te1gjgSJOmi0EHMcqd7pqmghwZ2wAAAAoLZkfnBa9F66Drx4nGWi7T+EtUWUY/+1Ubj6lP
    gl22W9N921kXRCNICWtcpSSrekeuHWQc5MwSgpIKnh04DG9IoZ5cRfT1Yq82fnbo2eTNB1
    cG83bT7gOpWAtGGeS+d3m6plYA1twGcPL+1BI+g7EvOhT0hUQzveyKeMQZhxm87Am0Z2Ng
    /1dFg8n/SbMC+sxPD4POZZFPmXAKViht0pgOw=
    -----END OPENSSH PRIVATE KEY-----

    """

  /// ``ed25519`` sealed with aes128-cbc.
  static let ed25519CBC = """
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAAAAACmFlczEyOC1jYmMAAAAGYmNyeXB0AAAAGAAAABArOcZKeK
    hTR+WUJasOuC7wAAAAAgAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIGjouoQukDPUUMlX
    te1gjgSJOmi0EHMcqd7pqmghwZ2wAAAAoOVgJftllX+FQRIRFVl0h9yiFuWL9Hdh2gKjWn
    87XjeVT3xtDvpJA4xtMc/0ZKTg+pbVk05eC0FxcXGSi4ZP+L1X2x0lYbxOp0+kt4miegzg
    TKuBuThif40JFGARn6XBxgQd5kKq6I4e+eCcQAurcH+dxisMTov0NVwBwbDEKWjJ+pLaqY
    TAkqv5Ux9hxezRN9SgKSzuZTgh7gOu7qtCzwI=
    -----END OPENSSH PRIVATE KEY-----

    """

  /// ``ed25519`` sealed with aes256-gcm@openssh.com.
  static let ed25519GCM = """
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAAAAAFmFlczI1Ni1nY21Ab3BlbnNzaC5jb20AAAAGYmNyeXB0AA
    AAGAAAABBmabOx9fDUAAo/qDRhVxD5AAAAAgAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAA
    IGjouoQukDPUUMlXte1gjgSJOmi0EHMcqd7pqmghwZ2wAAAAoKc8Njmnn3mswGEJ1Evxvv
    9TVY0fYfUKDTRzk9z0fsNoMVeRuKBLz55/SUp5wADvoVIom/nSDDn2kN5nc+r+Nu6A+84e
    M+IOuQcCzm0YD0Pfyueo7st7iizqf2ubZoBLlC+/BTOkys1Sp3rnAB1plQPzAugZsnXaxE
    e40oiAmK/katJVx3auagaDQWWtyfa4BRzI4N8FRUCCsoSEw+TQkF0IMyD1/ymD6kaSk/MI
    xQ62
    -----END OPENSSH PRIVATE KEY-----

    """

  /// ``ed25519`` sealed with chacha20-poly1305@openssh.com.
  static let ed25519ChaCha20 = """
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAAAAAHWNoYWNoYTIwLXBvbHkxMzA1QG9wZW5zc2guY29tAAAABm
    JjcnlwdAAAABgAAAAQ9U8FHMfbRf7UsO6dN5NUewAAAAIAAAABAAAAMwAAAAtzc2gtZWQy
    NTUxOQAAACBo6LqELpAz1FDJV7XtYI4EiTpotBBzHKne6apoIcGdsAAAAJgSUneNbVQllV
    GirdrMOhZrGH7wOeizv2hjC/HzvMx/w61noAp5Bk3pObUm8rBbgdJ39WmzCsvoBBTTZIIm
    WkCzFM3SlaBYq7BUfGJ0On8wJFA7MCEyF5vjP0ZhxGUGmjwMXt7LKXUBf7BMDwxNe8Ryee
    e/vWzxzkNuTcFa7wEwHuGo+9Y5zK2KNik3oyTaJLiZCzV98kE1ICBMwwbK7ryRLAnz6tGT
    ucE=
    -----END OPENSSH PRIVATE KEY-----

    """

  /// The public half of ``rsa``.
  static let rsaLine =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC/bsDTLwgo0yeoiK87YMXpRyll+Y5eUTGmunPSAJ1NVN79+GCo"
    + "SQOZBmts9h6Nl1ZIAmQt5umZvFMkZ1B26SpxFBdN7cN2QWGA1OtXLa5iNG9ebMiJVPwpTZTevNq/SXaD"
    + "i/6mVXk+T9iAIGeCXRuJyedUSd/aDwbr4oHMmg9s/wm7lylRuO3TAE+DsK2NiPHPjcmAQTeE8H8Rj+0+"
    + "AsR1uReC3jb2nCoUiZ6nM8PbS+D4CUOQxYSef8FoOO6lxFHmuv+1eLkpKWcLnE0zyUcSl1jwxRTBRvOl"
    + "fFl0j8RBXk81BlfrOAIhlQDAr5ggyoSk4AuulX1gDU5xTzPFYMR1 golden rsa"

  /// A key of 2,048 bits without a passphrase, in OpenSSH's format.
  static let rsa = """
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdzc2gtcn
    NhAAAAAwEAAQAAAQEAv27A0y8IKNMnqIivO2DF6UcpZfmOXlExprpz0gCdTVTe/fhgqEkD
    mQZrbPYejZdWSAJkLebpmbxTJGdQdukqcRQXTe3DdkFhgNTrVy2uYjRvXmzIiVT8KU2U3r
    zav0l2g4v+plV5Pk/YgCBngl0bicnnVEnf2g8G6+KBzJoPbP8Ju5cpUbjt0wBPg7CtjYjx
    z43JgEE3hPB/EY/tPgLEdbkXgt429pwqFImepzPD20vg+AlDkMWEnn/BaDjupcRR5rr/tX
    i5KSlnC5xNM8lHEpdY8MUUwUbzpXxZdI/EQV5PNQZX6zgCIZUAwK+YIMqEpOALrpV9YA1O
    cU8zxWDEdQAAA8Ai5eV/IuXlfwAAAAdzc2gtcnNhAAABAQC/bsDTLwgo0yeoiK87YMXpRy
    ll+Y5eUTGmunPSAJ1NVN79+GCoSQOZBmts9h6Nl1ZIAmQt5umZvFMkZ1B26SpxFBdN7cN2
    QWGA1OtXLa5iNG9ebMiJVPwpTZTevNq/SXaDi/6mVXk+T9iAIGeCXRuJyedUSd/aDwbr4o
    HMmg9s/wm7lylRuO3TAE+DsK2NiPHPjcmAQTeE8H8Rj+0+AsR1uReC3jb2nCoUiZ6nM8Pb
    S+D4CUOQxYSef8FoOO6lxFHmuv+1eLkpKWcLnE0zyUcSl1jwxRTBRvOlfFl0j8RBXk81Bl
    frOAIhlQDAr5ggyoSk4AuulX1gDU5xTzPFYMR1AAAAAwEAAQAAAQBKRHwPklwOhpkIs/qT
    xUAS+DYx50caBVMHdaewbeeZFFes3TsWnrkEGa78p2GEGhXxuufFvSOcrqjs4x4e++eo1h
    wSci9WRhg/RJuHB2Rzmhco4XhNe0iW94/NeCQ/eQ8/CsWBH4D5sT1zu96cf2XLJ6cVFtH/
    RbwwMICd8ZkRdhWtp/Wls0cpFPB6JXe51zE2lnq5aW91ZsDj6ywTtgHAXWgh4inohPc1VQ
    TDuiUm+ug3FvpthDpk96eT1YqehQYlm9lAV55mc730Wy5sGkH9qtWaWhnpDj1cVP8X10VU
    fSzBYQhJgf1jnVyzqKzdcIqHuLaAFeXQN/4/CiuWSlHTAAAAgH8GKTrTi4bNKo6Ro/EzlG
    zO8ZgVPO9D0RjLELGyGmiTmfcoaNXqWpnET17EV+6loYo1gc6c3xt5H38AqKH2g/xNdAaW
    BKMyH5gz0u/g2efMLIGEE5cWaac7mQDqOAVnEfIU9H32tEsVzUEKHgQwId0q3AYw+U3gdv
    jvfKRvkNp8AAAAgQD3NxfYTt5x3QkY4L4eYKsypo8AQpgC+gd0aC1r+dIGhuaB3DfSyxLo
    50qC6Qnqjrr5F1O0Ks18RHW6c+mUbGm1xjxY7tIm8ozG1zIcPNy72x0kKfRhSIw02YvcMO
    i/VFDTmj+poCiVPcfjkIkZWuUwZX7EPsSerrKXqor3vlHpkwAAAIEAxjw1TIOOdmEQkM4n
    DaoUnXzhT+PIHgQEyvsZ5mwL1fKoOxxlBIviWDc/VsccQJob6AODuGH66cQqxmJiU8ZDVF
    s8NHcCVEU4UB4r/U9CY1XqpmEN906zlRJONDAR/yoDXc5RzrlPGbTwdO5T8yZwmUU7gmaV
    gFA0Pfj/8fpsPtcAAAAKZ29sZGVuIHJzYQE=
    -----END OPENSSH PRIVATE KEY-----

    """

  /// ``rsa`` as PKCS#1.
  static let rsaPEM = """
    -----BEGIN RSA PRIVATE KEY-----
    MIIEogIBAAKCAQEAv27A0y8IKNMnqIivO2DF6UcpZfmOXlExprpz0gCdTVTe/fhg
    qEkDmQZrbPYejZdWSAJkLebpmbxTJGdQdukqcRQXTe3DdkFhgNTrVy2uYjRvXmzI
    iVT8KU2U3rzav0l2g4v+plV5Pk/YgCBngl0bicnnVEnf2g8G6+KBzJoPbP8Ju5cp
    Ubjt0wBPg7CtjYjxz43JgEE3hPB/EY/tPgLEdbkXgt429pwqFImepzPD20vg+AlD
    kMWEnn/BaDjupcRR5rr/tXi5KSlnC5xNM8lHEpdY8MUUwUbzpXxZdI/EQV5PNQZX
    6zgCIZUAwK+YIMqEpOALrpV9YA1OcU8zxWDEdQIDAQABAoIBAEpEfA+SXA6GmQiz
    +pPFQBL4NjHnRxoFUwd1p7Bt55kUV6zdOxaeuQQZrvynYYQaFfG658W9I5yuqOzj
    Hh7756jWHBJyL1ZGGD9Em4cHZHOaFyjheE17SJb3j814JD95Dz8KxYEfgPmxPXO7
    3px/ZcsnpxUW0f9FvDAwgJ3xmRF2Fa2n9aWzRykU8Hold7nXMTaWerlpb3VmwOPr
    LBO2AcBdaCHiKeiE9zVVBMO6JSb66DcW+m2EOmT3p5PVip6FBiWb2UBXnmZzvfRb
    LmwaQf2q1ZpaGekOPVxU/xfXRVR9LMFhCEmB/WOdXLOorN1wioe4toAV5dA3/j8K
    K5ZKUdMCgYEA9zcX2E7ecd0JGOC+HmCrMqaPAEKYAvoHdGgta/nSBobmgdw30ssS
    6OdKgukJ6o66+RdTtCrNfER1unPplGxptcY8WO7SJvKMxtcyHDzcu9sdJCn0YUiM
    NNmL3DDov1RQ05o/qaAolT3H45CJGVrlMGV+xD7Enq6yl6qK975R6ZMCgYEAxjw1
    TIOOdmEQkM4nDaoUnXzhT+PIHgQEyvsZ5mwL1fKoOxxlBIviWDc/VsccQJob6AOD
    uGH66cQqxmJiU8ZDVFs8NHcCVEU4UB4r/U9CY1XqpmEN906zlRJONDAR/yoDXc5R
    zrlPGbTwdO5T8yZwmUU7gmaVgFA0Pfj/8fpsPtcCgYA2ZPTmL1RakVvzEWBDptmE
    Z4mHcR+paAJD5rg3zdwce4o0gJP32Z7riBio/UWlSopxTGSqe9CCyz1sLRzz/3ay
    /E9C8iljUHMRPUBVXj7jRq7+ygxva1sONd/ELy7HCnJOXN4tIIRNci6NL7w6y/kp
    0Os3mugAUkgRfwDcyg+T6QKBgG3+QmSuKoIs4ZA3kxvV35JzFGHLteJRwIcQRRLB
    qN+RwR7rZnHbXEAuh4qS+G4wFIPsT04jr6G+Iy3osT5iqEFKTmGeF0DDF7f8xdPM
    Ar4zkfu3ppQuqx5wBcyXT6URnsSSEnpuACH3b+SxyQsFrTyeWaLFYPbNie9JFlsh
    5KYJAoGAfwYpOtOLhs0qjpGj8TOUbM7xmBU870PRGMsQsbIaaJOZ9yho1epamcRP
    XsRX7qWhijWBzpzfG3kffwCoofaD/E10BpYEozIfmDPS7+DZ58wsgYQTlxZppzuZ
    AOo4BWcR8hT0ffa0SxXNQQoeBDAh3SrcBjD5TeB2+O98pG+Q2nw=
    -----END RSA PRIVATE KEY-----

    """

  /// ``rsa`` as PKCS#1, sealed.
  static let rsaSealedPEM = """
    -----BEGIN RSA PRIVATE KEY-----
    Proc-Type: 4,ENCRYPTED
    DEK-Info: AES-128-CBC,90DD29EFA1FA4B7B4B1E1E67F8ED5931

    RbavTgg83uDTt5Ey5vjH7PL8s9dvr+IccIUep2RIye3me5ZdF590AUm1R/Aw+bJ4
    bgZDvlpNs+1wJXiDySiQ8cLPnBQUBYpjQ0CCd2ytRC4spzfwqlIhlfGjsrRqa+2R
    //ZhZcwdmSDxaaD54d1IsvwCYTHQel/nu6NaUB9dGCBTJFVb+/jJ+6QXndfNlYne
    KM89+iCXBxTKIS1qayaDaH6f2BxSUZkURHkgA10C4byT77L9ClUOcrHiyTKIXK2q
    MQSqArb6ov9RhaR08ciiBF7TrzLd77n4I4hjLU8EYhfGP+4Tq9F2APZQwL8ExmNA
    4fz5IaDSnnQpHi9Kbw1iXbEAEnYSPapPYpsiw0EreUCrGU3y6mcg/RyHrerY4syj
    2I0LXVMZkO6a0ZkxI1LsHnPxW3YjI1Mn5317BQ+u+QNo/5/H1ACMLxiaDsowIc6Q
    Xmv9srediYXo2+hd3Zp6w2QZPXc6yaDQb3VpgqF0+g19KCjyF8ErQ+MYKPEh3A7h
    8QAelg5AKJCluPtYtQWp7sBQAwDA92f8zwTA3WPdsOExWTrMjjzENN1xH52otrGG
    hkDimRm5YOu3Zh7FAGa4fYlpzFKMp3M6rBTcG0IktvUNo89EmVSTGwAjl6QbCi/J
    V8zH81G+q7KCuxyh/SM15PxWK8zl4gj7JZ1RNL+srTre+jpKOo9TQ4a/vYglJjI8
    dJloOlfvgz77mFvaSQrHTyqnMQoW3/+AqWZifTPV6mSAzH1yYafkuj3wg5hkDdjH
    9M627fV63s0EH2zKHwMTcuZ4MMDlkPk7qpQl8IpehSqW+73pql1GJQ9URJNtLcUw
    uBmSj0pEC5+JZjXXDeZVWjdyA4OqyGzrdcdb34FlTUwnohmQ1fcMwTDwgqUotGLH
    6G1QmOm5v+Ukg1pNpLktTjQsVf6m62V6/bAxFqpoQV37wVW9KATNgSgUN78vA6Y3
    INlLGUHfwFIygU5iKBCzIDEuNKoPYPTtrHquOm7SXLLJeh5xPUMM1nqcR2QQ4e04
    kYiV8R0Jbm08bxBobHmObgRWjIk7JBzQRxVFPQtWM2XK9dVS3UQitoed65/qNCI8
    7IfMGWpMLQKHpAEOGGv1p2Ow8UuB/rjk6XLBemqmeLfFRxhV9NCv3Cvfamc5NxR3
    x9uHUVKU5nX0GueWQo3CI2gdCytkG+8NFkGCdCB5E+nk6HCGaslnUMOnF56h1e0k
    pD4I6dFY095qY6M3E5cd/Sy+7h5LoOBpHAiZJjBOrryVhGTt+oEpiYm8IWBBybSB
    P3R4K/1JCzQ3Bn5z5hT4zCYtv7L2YkhHYEwC96kneIQ0r8Db3a/po2W7nIbCdM1+
    YEToEeA54MvBxKhB+BBfDw5cGd9WZ+pyTQDlE7AYB/58Tx51owETbOjl7DCeyRKt
    I1eqj2Vg4B2FfL4KPye1ly9koKrLlynm9kBuklfWMgi6hv5/imMEHGcca36xdizs
    SfD/1EGreZAbI2GzFW02rXKz5/2q5qUuyOjrb2QJwbrznm8ri2MHLLgH77bFXzzj
    lxhjc9hwb3l65h9AombkuNPuQXkP5/6gFXY6TcqOwFFjIyx7FTvqzZrveEQmuhwG
    -----END RSA PRIVATE KEY-----

    """

  /// ``rsa`` as PKCS#8.
  static let rsaPKCS8 = """
    -----BEGIN PRIVATE KEY-----
    MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC/bsDTLwgo0yeo
    iK87YMXpRyll+Y5eUTGmunPSAJ1NVN79+GCoSQOZBmts9h6Nl1ZIAmQt5umZvFMk
    Z1B26SpxFBdN7cN2QWGA1OtXLa5iNG9ebMiJVPwpTZTevNq/SXaDi/6mVXk+T9iA
    IGeCXRuJyedUSd/aDwbr4oHMmg9s/wm7lylRuO3TAE+DsK2NiPHPjcmAQTeE8H8R
    j+0+AsR1uReC3jb2nCoUiZ6nM8PbS+D4CUOQxYSef8FoOO6lxFHmuv+1eLkpKWcL
    nE0zyUcSl1jwxRTBRvOlfFl0j8RBXk81BlfrOAIhlQDAr5ggyoSk4AuulX1gDU5x
    TzPFYMR1AgMBAAECggEASkR8D5JcDoaZCLP6k8VAEvg2MedHGgVTB3WnsG3nmRRX
    rN07Fp65BBmu/KdhhBoV8brnxb0jnK6o7OMeHvvnqNYcEnIvVkYYP0Sbhwdkc5oX
    KOF4TXtIlvePzXgkP3kPPwrFgR+A+bE9c7venH9lyyenFRbR/0W8MDCAnfGZEXYV
    raf1pbNHKRTweiV3udcxNpZ6uWlvdWbA4+ssE7YBwF1oIeIp6IT3NVUEw7olJvro
    Nxb6bYQ6ZPenk9WKnoUGJZvZQFeeZnO99FsubBpB/arVmloZ6Q49XFT/F9dFVH0s
    wWEISYH9Y51cs6is3XCKh7i2gBXl0Df+PworlkpR0wKBgQD3NxfYTt5x3QkY4L4e
    YKsypo8AQpgC+gd0aC1r+dIGhuaB3DfSyxLo50qC6Qnqjrr5F1O0Ks18RHW6c+mU
    bGm1xjxY7tIm8ozG1zIcPNy72x0kKfRhSIw02YvcMOi/VFDTmj+poCiVPcfjkIkZ
    WuUwZX7EPsSerrKXqor3vlHpkwKBgQDGPDVMg452YRCQzicNqhSdfOFP48geBATK
    +xnmbAvV8qg7HGUEi+JYNz9WxxxAmhvoA4O4YfrpxCrGYmJTxkNUWzw0dwJURThQ
    Hiv9T0JjVeqmYQ33TrOVEk40MBH/KgNdzlHOuU8ZtPB07lPzJnCZRTuCZpWAUDQ9
    +P/x+mw+1wKBgDZk9OYvVFqRW/MRYEOm2YRniYdxH6loAkPmuDfN3Bx7ijSAk/fZ
    nuuIGKj9RaVKinFMZKp70ILLPWwtHPP/drL8T0LyKWNQcxE9QFVePuNGrv7KDG9r
    Ww4138QvLscKck5c3i0ghE1yLo0vvDrL+SnQ6zea6ABSSBF/ANzKD5PpAoGAbf5C
    ZK4qgizhkDeTG9XfknMUYcu14lHAhxBFEsGo35HBHutmcdtcQC6HipL4bjAUg+xP
    TiOvob4jLeixPmKoQUpOYZ4XQMMXt/zF08wCvjOR+7emlC6rHnAFzJdPpRGexJIS
    em4AIfdv5LHJCwWtPJ5ZosVg9s2J70kWWyHkpgkCgYB/Bik604uGzSqOkaPxM5Rs
    zvGYFTzvQ9EYyxCxshpok5n3KGjV6lqZxE9exFfupaGKNYHOnN8beR9/AKih9oP8
    TXQGlgSjMh+YM9Lv4NnnzCyBhBOXFmmnO5kA6jgFZxHyFPR99rRLFc1BCh4EMCHd
    KtwGMPlN4Hb473ykb5DafA==
    -----END PRIVATE KEY-----

    """

  /// ``rsa`` as PKCS#8, sealed.
  static let rsaSealedPKCS8 = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIVs7/qT91pE0CAggA
    MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBCLsE1S56WBERTRk4J9PgNMBIIE
    0Oqktf4Y1K1YBst5JAMeflVVxBoRUxmn249QYoS7HQ0p2hak9kr6Ku2c2CM+ZCk6
    Zv8K7MnOgq0iqDBwUqaErHoUay385X+f8/+MRjA04EBGiaHkO77CItPkR0MGozYU
    z1I/v7X8i1eGZ5ShSDAnBRxnZCkmEUARUI+HxM9mJsR5QrZHl+m9SP4SSWNe/nNm
    ftjKo/VQW4PYniz0XLQcO4vGGQAgeFBM0MSl0znGzbOTkh66av7bI51/7jhTJniv
    5/NhqxMb4XFJbnXGKWexOa55gLvKBlgdz4N56rxUk68zTeiGAdojZdntVx/z+0Zm
    HD63vpyf2WZ4dZSud9GA2x5LHJ66RVQzOJnIEU2nC1n3G7572nyYF9+D8gGf2UMl
    dpPelKUUcQ24Jo2FLTFFanZtrVWXjEX+UQwb9FxxvZs1KIRzfRGtgofTqiVN9Te0
    Ytlz7+fRKx2WbaKaD20iXqfN6wxQbz0DlS+7FIhR/LSD7Wyq5lWxB2PPEsqtsjD/
    7IWA2nU3HfwmQM21Qyafx4WBSOeFeGfQUlCJQ+IYn3/OkVoNKR//vylU0GMO7HkD
    xuXvtz4T20hVKvqqZ/BBO4B8E23KbH2LyVwDaiNSjFOFVC3WzEX8qyFmsQVNRIc7
    hvTaqg49hy3FZNiABxaVV520xBojItYJMCg1DlE14d7niBz9E2hpfRsuH3JzgdMv
    WM3dBEbmU5WOICCvbiEe0NULxrekm+850j+WS5Y1KBKpJNO4D4r9qCGkQsgk9ZZN
    mURRdKneD2FbJFsUGTBsvGp2R5lnGXrkvO7aRnGh6YOcFUFv9r8G+6A2Vs/MU0WJ
    mlyb4SY6b+ovTYi7U9iEAZ3sZvgfNW9HgAfRVwkOdgLigaz8ynDPxv+VNMHBpyRM
    Vh3RFlEBZawT1RlJ8+SatUmDhtWuUi1kTpUhzLqf80vo2uP0JfxBZ2i1CrLYLV9u
    Zbcwf6H91rsG5BVylajgzla1ppbITYnG8PPzszToRlNZiPw/4VYBL3M+EQNmjg9J
    gPyRsvYnk9POGLJ5SESiV7FKg1kZa/9pdryvl1XHfYGmDJgDDq4fs+XJIkVYbb+e
    6usgt0WyE6PlTZUzqFXadWlaCzN5UI2dLecuGo1407oyn4ZL60BFpNbZQFh6rWzF
    nSRVyJ0WDQoXI6oyGSTakxms2ZGY+BJwfmUe+4zSaysByMsV7eRndu1w38KfNwgg
    33nS7nDXt6jL8yqO+EDITxgNRjYnl0bwLb6r39cThHiaKTBV6WGGAPn7oCmcdlE5
    ywu/mNLNyzVHU52UNPzJ7/8K56pW7DeCjLwcCoJ4yrsSp0s/CpPpNOz5PTszxS06
    rhr+K2Yl2Jq35Ov7h1JSuwSBGnaj1A0QFIVkUpucVewJDQN4X0z2yCdyD1vangkA
    lddUnRNAAFfssqjR2EZ1DpWi/HW+fh+FuB7yMBY2C9ojWJAUxfO0Jip5DimI9uOc
    fTPRFLjhKh9Zlw6rX1UU2SA9rQrXo41j7qktP9JL+KQjmz7hk5QqwlqF1AQ3cMkY
    unp8PczsuOm/14hmmhMLNZ+TnUajtTTHhxWhgFYmqq068TZXKIPUyi7Gr/G5kVNb
    YP4Lpl2vf8FoWRw8bkVAxO/tUHejGBg6RQ+il95Ohcio
    -----END ENCRYPTED PRIVATE KEY-----

    """

  /// A key of 1,024 bits, which is too short.
  static let shortRSALine =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDc6i/vVdHJcHKuXF5WwLB6TpahEzZ0vu9mUx+jhQcpwoePauBN"
    + "SGcAz5IIMKQLx1oyN9gu2YLtOJkbXXgMi9kEtoypsP8UebP74KYiDQAix2LAqGL96x/unFCAftehhkIo"
    + "Q3mtdJqH8EnTrEc7ztINV1Hz0auUAtss4m7w56AWTw== short"

  /// A key of a type that cannot be sealed for.
  static let ecdsaLine =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBL7UhJgvloye6M12jhXqvNWQMPIV"
    + "2TBXP5eJ51mkb3uxio/oPHoB4ucx85nn1PSXUF8d3XT6wWZoZtUoPWhqDdw= ec"

  /// The private half of ``ecdsaLine``.
  static let ecdsa = """
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
    1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQS+1ISYL5aMnujNdo4V6rzVkDDyFdkw
    Vz+XiedZpG97sYqP6Dx6AeLnMfOZ59T0l1BfHd10+sFmaGbVKD1oag3cAAAAoL+MhCy/jI
    QsAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBL7UhJgvloye6M12
    jhXqvNWQMPIV2TBXP5eJ51mkb3uxio/oPHoB4ucx85nn1PSXUF8d3XT6wWZoZtUoPWhqDd
    wAAAAhAL0b9RHnx8YCN9hPLiZufnj9SoKY1/NuMRUT+gI7evvqAAAAAmVjAQIDBAU=
    -----END OPENSSH PRIVATE KEY-----

    """

  /// ``Golden/message`` sealed for ``ed25519Line``.
  static let forEd25519 = bytes(
    """
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNzaC1lZDI1NTE5IHk1SkRiUSBVdmxVR1VINnMzRTE1U242UTVHcTRZ
    MklUQjdzdVRJeVM4SVFMK2dNZ0VVCmxpbEZrVUNJVEFTRzVXSnJqVXRjS1Z4YmVoa3lPVW9lRk80S251YTNOUncK
    LS0tIFRhd0dtcndnT28zaHlsOXd2YWhOSFZuTWtIbzNUdHdEam8rUGN1VmtMbkkKMgo7O4t8zUESCJ5F66dKDBh/
    TrNQ9naK6KIB26eVOJObcsNoy6isDMsDb0zPa6rKyy0=
    """)

  /// ``Golden/message`` sealed for ``rsaLine``.
  static let forRSA = bytes(
    """
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNzaC1yc2EgTEg3a2V3ClhiMUZleCt2MXpaY3hNbjdXSWQ1YnppbnJP
    RFNYd0ZNNTlkRlo0RVJsV29hNyszS0hlYmNCWmhQSTFLVTRrTVcKNnhyMWx3SDNveStaN0RwMXMrOTczaytWelUx
    djcwZitibFFtV0hOU2tOdDJ2eVJ4Z2VNWS94NW0vMFB2VjB5bgpRL3V1YXZ2TlU4UWZrcmFndHhsM2pidlQvZ1Vk
    SWwzNExudStRSjQvY1NqQzZrRXpmTmhYeS9vbjNPMzhXaFlpCmgwT0lwTFFuVWlYL2s4TkRsSk0waldVNGo4VGh4
    RXRQVWZLNFAxRVZlUHRYQzc2Uk5HQVphWjVNcGxTQkk2YUEKY0RZVEJFaTJTbDcwaG5ETll0SXp2SlVuWDRURC9Y
    Y1ZKTndSdzRzdW1hM1J4VHppQ0JUbzNHS1BlQng4RGxZMApKOVJ3RjV2Z3F0eDdUdW9QTkRNcTdBCi0tLSBsTEo2
    RVhFcElTenRhSHlrcS90OGNudHJod2pkZGNKN3F3b3ZKLzk2VGJBCilJq+OzicMsib+YyhO2Gcob4Ubb6XdFaYxe
    4iP4PC87IgvjPYQUGDtmXJYAPmgabbyH
    """)

  /// All forms of the same Ed25519 key.
  static let ed25519Forms = [ed25519, ed25519CTR, ed25519CBC, ed25519GCM, ed25519ChaCha20]

  /// All forms of the same RSA key.
  static let rsaForms = [rsa, rsaPEM, rsaSealedPEM, rsaPKCS8, rsaSealedPKCS8]

  private static func bytes(_ base64: String) -> [UInt8] {
    Array(Data(base64Encoded: base64, options: .ignoreUnknownCharacters)!)
  }
}
