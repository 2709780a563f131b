# 手册页（`muster man`）。

man-manual = Muster
man-name = 名称
man-synopsis = 用法
man-description = 说明
man-exit = 退出码
man-files = 文件
man-see = 另见
man-muster = Muster 为 Linux 机器上的服务点名。某个应在的服务不在时，它在毫秒之内说出，以证据说明原因，让它恢复，并记录看到的、决定的和做过的一切。`muster up` 启动 Muster，其余命令向它询问。
man-exit-codes = 0：完成。1：失败。2：用法或配置有误。3：未能连接到运行中的 Muster。
man-exit-check = 作为监控插件：0：OK。1：WARNING，服务降级或已暂停。2：CRITICAL，服务丢失。3：UNKNOWN，无人能观测到它、Muster 未及时回答，或命令有误。
man-file-config = 配置。没有也可以。
man-file-data = 记录、保存的文件版本，以及向运行中的 Muster 询问所用的套接字。
man-written = { $n } 个手册页已写入 { $folder }。
man-unwritten = 无法写入 { $file }：{ $error }。
